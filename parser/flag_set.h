#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/dockerfile.h"

namespace ibuild::parser {

/// The flags that one instruction knows, and where their values go. Names are without dashes.
class FlagSet {
 public:
  /// The targets must outlive parse().
  void add_switch(std::string name, std::optional<bool>& target);
  void add_text(std::string name, std::optional<std::string>& target);
  /// May be given several times.
  void add_list(std::string name, std::vector<std::string>& target);

  /// Throws: DockerfileError for a flag that is unknown, given twice, or has no value or a wrong
  /// one.
  void parse(const AstNode& node) const;

 private:
  struct Flag {
    std::string name;
    std::optional<bool>* as_switch = nullptr;
    std::optional<std::string>* as_text = nullptr;
    std::vector<std::string>* as_list = nullptr;
  };
  const Flag& find(std::string_view name, const SourceRange& range) const;

  std::vector<Flag> flags_;
};

/// For instructions without flags. Throws: DockerfileError when there is one.
void refuse_flags(const AstNode& node);

}  // namespace ibuild::parser
