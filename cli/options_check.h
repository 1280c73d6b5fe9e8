#pragma once

#include <string>

#include "cli/option_parser.h"

namespace ibuild::cli {

/// What `ibuild build` is asked for.
enum class CallKind { build, check, outline, targets, describe };
enum class CallFormat { text, json };

/// The value of --call.
struct CallSpec {
  CallKind kind = CallKind::build;
  CallFormat format = CallFormat::text;
  bool ignores_status = false;  // findings do not make it fail
};

/// "check,format=json" and so on; empty is a build. Throws: UsageError naming what is not known.
CallSpec parse_call(std::string_view text);

/// --call and --check of `ibuild build`.
struct CallOptions {
  std::string call;
  bool check = false;

  void add_to(OptionParser& parser);
  /// Throws: UsageError.
  CallSpec spec() const;
};

}  // namespace ibuild::cli
