#include "parser/flag_set.h"

#include <utility>

#include "base/text.h"

namespace ibuild::parser {

namespace {

void set_switch(std::optional<bool>& target, const std::string& flag,
                const std::optional<std::string>& value, const SourceRange& range) {
  if (value && value->empty()) {
    throw DockerfileError("missing-flag-value", range, "missing a value on flag: " + flag);
  }
  if (!value || base::iequals(*value, "true")) {
    target = true;
  } else if (base::iequals(*value, "false")) {
    target = false;
  } else {
    throw DockerfileError(
        "invalid-flag-value", range,
        "expecting boolean value for flag " + flag + ", not: " + base::printable(*value));
  }
}

}  // namespace

void FlagSet::add_switch(std::string name, std::optional<bool>& target) {
  flags_.push_back({.name = std::move(name), .as_switch = &target});
}

void FlagSet::add_text(std::string name, std::optional<std::string>& target) {
  flags_.push_back({.name = std::move(name), .as_text = &target});
}

void FlagSet::add_list(std::string name, std::vector<std::string>& target) {
  flags_.push_back({.name = std::move(name), .as_list = &target});
}

const FlagSet::Flag& FlagSet::find(std::string_view name, const SourceRange& range) const {
  std::vector<std::string> names;
  for (const Flag& flag : flags_) {
    if (flag.name == name) return flag;
    names.push_back(flag.name);
  }
  DockerfileError error("unknown-flag", range, "unknown flag: --" + base::printable(name));
  if (const auto nearest = base::nearest_word(name, names)) {
    error.set_hint("did you mean " + *nearest + "?");
  }
  throw error;
}

void FlagSet::parse(const AstNode& node) const {
  for (std::size_t i = 0; i < node.flags.size(); ++i) {
    const std::string& written = node.flags[i];
    const SourceRange& range = node.flag_ranges[i];
    const auto equals = written.find('=');
    const std::string name = written.substr(2, equals == std::string::npos ? equals : equals - 2);
    std::optional<std::string> value;
    if (equals != std::string::npos) value = written.substr(equals + 1);
    const Flag& flag = find(name, range);
    const bool is_again = (flag.as_switch != nullptr && flag.as_switch->has_value()) ||
                          (flag.as_text != nullptr && flag.as_text->has_value());
    if (is_again) {
      throw DockerfileError("duplicate-flag", range, "duplicate flag specified: --" + name);
    }
    if (flag.as_switch != nullptr) {
      set_switch(*flag.as_switch, "--" + name, value, range);
      continue;
    }
    if (!value) {
      throw DockerfileError("missing-flag-value", range, "missing a value on flag: --" + name);
    }
    if (flag.as_text != nullptr) {
      *flag.as_text = std::move(value);
    } else {
      flag.as_list->push_back(*std::move(value));
    }
  }
}

void refuse_flags(const AstNode& node) { FlagSet().parse(node); }

}  // namespace ibuild::parser
