#pragma once

#include <string>
#include <utility>

#include "parser/dockerfile.h"

namespace ibuild::parser::test {

inline Dockerfile parse(std::string text) {
  Diagnostics diagnostics;
  return parse_dockerfile(std::move(text), diagnostics);
}

inline StageList stages(std::string text) {
  Diagnostics diagnostics;
  return build_stages(parse_dockerfile(std::move(text), diagnostics), diagnostics);
}

/// What is wrong with a Dockerfile; an empty code when nothing is.
struct Fault {
  std::string code;
  std::string message;
  std::string hint;
  int line = 0;
  int column = 0;
};

template <typename Action>
Fault fault_in(Action action) {
  try {
    action();
    return {};
  } catch (const DockerfileError& error) {
    return {error.code(), error.what(), error.hint(), error.range().start.line,
            error.range().start.column};
  }
}

inline Fault parse_fault(std::string text) {
  return fault_in([&text] { parse(std::move(text)); });
}

inline Fault stage_fault(std::string text) {
  return fault_in([&text] { stages(std::move(text)); });
}

/// The body of the only instruction behind "FROM scratch".
template <typename Body>
Body only(const std::string& instruction) {
  const StageList list = stages("FROM scratch\n" + instruction + "\n");
  return std::get<Body>(list.stages.at(0).instructions.at(0).body);
}

/// The code of the fault of an instruction behind "FROM scratch".
inline std::string code_of(const std::string& instruction) {
  return stage_fault("FROM scratch\n" + instruction + "\n").code;
}

}  // namespace ibuild::parser::test
