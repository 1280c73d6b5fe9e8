#include "cli/options_security.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "sandbox/security_labels.h"

namespace ibuild::cli {

namespace {

constexpr const char* kSame = "the system call filter and the hidden paths are always the same";

/// "key=value", or "key:value" as old scripts have it.
std::pair<std::string_view, std::string_view> split_option(std::string_view text) {
  auto separator = text.find('=');
  if (separator == std::string_view::npos) separator = text.find(':');
  if (separator == std::string_view::npos) return {text, ""};
  return {text.substr(0, separator), text.substr(separator + 1)};
}

/// By `docker build`.
bool is_ignored(std::string_view key) {
  return key == "seccomp" || key == "systempaths" || key == "credentialspec";
}

/// Those of podman besides.
bool is_always_the_same(std::string_view key) {
  return is_ignored(key) || key == "mask" || key == "unmask" || key == "proc-opts";
}

base::UsageError bad(const std::string& text, const std::string& why) {
  return base::UsageError("--security-opt " + base::printable(text) + ": " + why);
}

bool take_flag(const std::string& text, std::string_view value) {
  if (value.empty() || value == "true") return true;
  if (value != "false") throw bad(text, "use no-new-privileges=true or =false");
  return false;
}

struct Part {
  std::string_view name;
  std::string sandbox::SelinuxParts::*value;
};
constexpr std::array kParts = {
    Part{"user", &sandbox::SelinuxParts::user}, Part{"role", &sandbox::SelinuxParts::role},
    Part{"type", &sandbox::SelinuxParts::type}, Part{"level", &sandbox::SelinuxParts::level},
    Part{"filetype", &sandbox::SelinuxParts::file_type}};

void take_part(const std::string& text, std::string_view part, sandbox::SelinuxParts& parts) {
  const auto colon = part.find(':');
  const auto* const known = std::ranges::find(kParts, part.substr(0, colon), &Part::name);
  if (colon == std::string_view::npos || known == kParts.end() || part.size() == colon + 1) {
    throw bad(text, "use label=disable, or user:, role:, type:, level: or filetype: and a value");
  }
  parts.*known->value = part.substr(colon + 1);
}

}  // namespace

void SecurityOptions::add_to(OptionParser& parser) {
  parser.list("--security-opt", "OPTION", options,
              "For steps: apparmor=PROFILE or unconfined, label=type:TYPE (level:, user:, role:, "
              "filetype:) or disable, no-new-privileges");
}

std::vector<std::string> SecurityOptions::remarks() const {
  std::vector<std::string> remarks;
  for (const auto& text : options) {
    if (!is_ignored(split_option(text).first)) continue;
    remarks.push_back("--security-opt " + base::printable(text) + " has no effect: " + kSame +
                      ", but for RUN --security=insecure");
  }
  return remarks;
}

builder::StepSecurity SecurityOptions::settings(Others others) const {
  builder::StepSecurity security;
  sandbox::LabelWishes wishes;
  bool has_no_label = false;
  for (const auto& text : options) {
    const auto [key, value] = split_option(text);
    if (key == "no-new-privileges") {
      security.no_new_privileges = take_flag(text, value);
    } else if (key == "apparmor") {
      if (value.empty()) throw bad(text, "name a profile, or unconfined");
      wishes.apparmor_profile = value;
    } else if (key == "label" && value == "disable") {
      has_no_label = true;
    } else if (key == "label") {
      if (!wishes.selinux) wishes.selinux.emplace();
      take_part(text, value, *wishes.selinux);
    } else if (others == Others::refused || !is_ignored(key)) {
      throw bad(text, is_always_the_same(key)
                          ? std::string("it is not supported: ") + kSame
                          : "it is not known: use apparmor=, label= or no-new-privileges");
    }
  }
  if (has_no_label) wishes.selinux.reset();
  security.labels = sandbox::find_labels(wishes);
  return security;
}

}  // namespace ibuild::cli
