#pragma once

#include <string>
#include <utility>

#include "base/error.h"
#include "parser/diagnostic.h"

namespace ibuild::builder {

/// Runs `f`; a UsageError of it (a bad substitution, a bad reference, a bad pattern) becomes a
/// DockerfileError at `range`.
template <typename F>
auto located(const parser::SourceRange& range, F&& f, const char* code = "bad-value")
    -> decltype(f()) {
  try {
    return std::forward<F>(f)();
  } catch (const base::UsageError& error) {
    parser::DockerfileError located_error(code, range, error.what());
    located_error.set_hint(error.hint());
    throw located_error;
  }
}

}  // namespace ibuild::builder
