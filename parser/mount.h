#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "parser/instruction.h"

namespace ibuild::parser {

/// A fault of one option of a mount.
class MountOptionError : public base::UsageError {
 public:
  MountOptionError(const base::UsageError& fault, std::string option);
  /// All of it as it is written: "taget=/cache".
  const std::string& option() const { return option_; }

 private:
  std::string option_;
};

/// Expands the variables of one value.
using ValueExpander = std::function<std::string(std::string_view)>;

/// One `RUN --mount=` value: comma-separated key=value pairs, each value given to `expand` by
/// itself, so that a comma that comes out of a variable parts nothing.
///
/// What is filled in: read_only (true for bind, secret and ssh unless said otherwise), id of a
/// secret (its source, or the last part of its target) and of ssh ("default"). What is left to the
/// caller, who knows the working directory: a relative or missing target, the id of a cache (= its
/// clean target), and the defaults of mode, uid and gid. Throws: base::UsageError that names the
/// key or value at fault, a MountOptionError where it is one option's; its hint may hold the
/// nearest word.
Mount parse_mount(std::string_view csv, const ValueExpander& expand = {});

/// What can be said before variables are known: that it is comma-separated text, and that `from`
/// has no variable. Throws: base::UsageError.
void check_mount(std::string_view csv);

/// The `from` of a mount, before anything is expanded (it takes no variables); empty when there is
/// none. Throws: base::UsageError.
std::string mount_from(std::string_view csv);

/// Where in the file a fault of this mount is: its option, as far as the flag stands on one line as
/// it is read, else the flag. `elsewhere` for a flag that has no place.
SourceRange place_of_fault(const base::UsageError& fault, const WrittenMount& mount,
                           const SourceRange& elsewhere);

}  // namespace ibuild::parser
