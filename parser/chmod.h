#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ibuild::parser {

/// A `--chmod` value: octal ("0755") or symbolic ("u=rwX,go=rX", "+x", "g=u"), as chmod(1) with no
/// umask.
class FileMode {
 public:
  /// Throws: base::UsageError.
  static FileMode parse(std::string_view text);

  /// The permission bits (0 to 07777) that an entry with the bits of `mode` gets. `is_dir` is for
  /// X.
  std::uint32_t apply(std::uint32_t mode, bool is_dir) const;

 private:
  enum class Kind {
    add,      // bits
    remove,   // bits
    execute,  // bits, if the entry is a directory or was executable
    copy,     // the rwx of the class at `shift` into the classes of `bits`
  };
  struct Command {
    Kind kind;
    std::uint32_t bits = 0;
    unsigned shift = 0;
    char operation = '=';
  };
  class Parser;

  static std::uint32_t copy_class(std::uint32_t mode, const Command& command);

  std::vector<Command> commands_;
};

}  // namespace ibuild::parser
