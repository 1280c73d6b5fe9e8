#include "builder/plan/build_args.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "builder/plan/located.h"

namespace ibuild::builder {
namespace {

constexpr std::array<std::string_view, 5> kProxyNames = {"http_proxy", "https_proxy", "ftp_proxy",
                                                         "no_proxy", "all_proxy"};

bool is_proxy_name(std::string_view name) {
  return std::any_of(kProxyNames.begin(), kProxyNames.end(),
                     [&](std::string_view proxy) { return base::iequals(proxy, name); });
}

std::string to_upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

std::vector<std::pair<std::string, std::string>> known_platform_args(
    const GlobalArgs::Setting& setting) {
  const auto& build = setting.build_platform;
  const auto& target = setting.target_platform;
  return {{"BUILDPLATFORM", build.str()},
          {"BUILDOS", build.os},
          {"BUILDOSVERSION", build.os_version},
          {"BUILDARCH", build.architecture},
          {"BUILDVARIANT", build.variant},
          {"TARGETPLATFORM", target.str_with_version()},
          {"TARGETOS", target.os},
          {"TARGETOSVERSION", target.os_version},
          {"TARGETARCH", target.architecture},
          {"TARGETVARIANT", target.variant},
          {"TARGETSTAGE", setting.target_stage.empty() ? "default" : setting.target_stage}};
}

std::vector<std::pair<std::string, std::string>> proxy_settings(const BuildArgMap& given) {
  std::vector<std::pair<std::string, std::string>> env;
  for (const std::string_view proxy : kProxyNames) {
    std::string value;
    for (const auto& [name, text] : given) {
      if (text && base::iequals(name, proxy)) value = *text;
    }
    if (value.empty()) continue;
    env.emplace_back(to_upper(proxy), value);
    env.emplace_back(std::string(proxy), value);
  }
  return env;
}

/// Names that mean something to ibuild without an ARG.
bool is_known_by_itself(std::string_view name) {
  if (name.starts_with("BUILDKIT_") || name == "SOURCE_DATE_EPOCH" || is_proxy_name(name))
    return true;
  const auto known = known_platform_args({});
  return std::any_of(known.begin(), known.end(),
                     [&](const auto& arg) { return arg.first == name; });
}

}  // namespace

GlobalArgs::GlobalArgs(const parser::StageList& stages, const BuildArgMap& given,
                       const Setting& setting)
    : given_(given), proxy_env_(proxy_settings(given)) {
  parser::ExpansionMeter meter;
  for (const auto& [name, value] : known_platform_args(setting))
    values_.set(name, this->given(name).value_or(value));
  for (const auto& instruction : stages.global_args) {
    const auto* arg = std::get_if<parser::Arg>(&instruction.body);
    if (arg == nullptr) continue;
    for (const auto& definition : arg->definitions) {
      if (const auto text = this->given(definition.name)) {
        values_.set(definition.name, *text);
      } else if (definition.default_value) {
        const parser::Expander expander(stages.escape, meter.watch(lookup()));
        values_.set(definition.name, located(instruction.range, [&] {
                      return expander.expand_word(*definition.default_value).text;
                    }));
      }
    }
  }
}

std::optional<std::string> GlobalArgs::given(std::string_view name) const {
  const auto found = given_.find(std::string(name));
  return found == given_.end() ? std::nullopt : found->second;
}

std::map<std::string, std::string> GlobalArgs::platform_args() const {
  std::map<std::string, std::string> args;
  for (const auto& [name, value] : known_platform_args({}))
    args.emplace(name, values_.get(name).value_or(""));
  return args;
}

parser::VariableLookup GlobalArgs::lookup() const {
  return [this](std::string_view name) { return values_.get(name); };
}

std::vector<std::string> unconsumed_build_args(const BuildArgMap& given,
                                               const std::set<std::string>& declared) {
  std::vector<std::string> unused;
  for (const auto& [name, value] : given) {
    if (!declared.contains(name) && !is_known_by_itself(name)) unused.push_back(name);
  }
  return unused;
}

GlobalArgs GlobalArgs::with_source_date_epoch(std::optional<std::chrono::sys_seconds> time) const {
  constexpr const char* kName = "SOURCE_DATE_EPOCH";
  GlobalArgs args = *this;
  const bool is_given = args.given_.erase(kName) > 0;
  const bool has_value = args.values_.has(kName);
  args.values_.erase(kName);
  if (!time) return args;
  const std::string text = std::to_string(time->time_since_epoch().count());
  if (is_given) args.given_.emplace(kName, text);
  if (has_value) args.values_.set(kName, text);
  return args;
}

}  // namespace ibuild::builder
