#include "cli/options_cache.h"

#include <chrono>
#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "cli/byte_size.h"
#include "cli/csv.h"

namespace ibuild::cli {

namespace {

/// 100 years: more overflows when it is subtracted from now.
constexpr std::int64_t kMaxDays = 36500;

/// The place with all links resolved; as written when there is none.
std::string resolve(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? std::string(real.get()) : path;
}

/// Days and weeks, which Go's durations do not have.
std::optional<std::chrono::seconds> parse_days(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const std::int64_t days = text.back() == 'd' ? 1 : text.back() == 'w' ? 7 : 0;
  const auto number = base::parse_i64(text.substr(0, text.size() - 1));
  if (days == 0 || !number || *number < 0 || *number > kMaxDays) return std::nullopt;
  return std::chrono::days(*number * days);
}

/// "type=local,src=DIR", or for short the name of an image or a cache in a registry.
builder::CacheSpec parse_cache(const std::string& option, const std::string& text) {
  if (text.empty()) throw base::UsageError(option + " is empty");
  if (text.find('=') == std::string::npos)
    return {.type = "registry", .attributes = {{"ref", text}}};
  builder::CacheSpec spec;
  spec.attributes = parse_attributes(text);
  const auto type = spec.attributes.extract("type");
  if (type.empty()) throw base::UsageError(option + " " + base::printable(text) + " has no type=");
  spec.type = type.mapped();
  return spec;
}

}  // namespace

void CacheOptions::add_to(OptionParser& parser) {
  parser.flag("--no-cache", no_cache, "Run every step");
  parser.list("--no-cache-filter", "STAGE", no_cache_filter, "Run every step of these stages");
  parser.value("--cache-ttl", "AGE", ttl,
               "Run steps again whose result is older than this (72h, 14d, 2w)");
  parser.list("--cache-from", "SPEC", from,
              "Take results of steps from here too: IMAGE, type=registry,ref=…, type=local,src=…");
  parser.list("--cache-to", "SPEC", to,
              "Write them here: "
              "type=registry,ref=…|local,dest=…|inline[,mode=max][,mounts=ID][,ignore-error=true]");
}

void CacheOptions::take_into(builder::BuildRequest& request) const {
  request.no_cache = no_cache;
  for (const auto& filter : no_cache_filter) {
    for (const auto stage : base::split(filter, ',')) request.no_cache_stages.emplace_back(stage);
  }
  for (const auto& text : from) request.cache_from.push_back(parse_cache("--cache-from", text));
  for (const auto& text : to) request.cache_to.push_back(parse_cache("--cache-to", text));
  if (!ttl.empty()) request.cache_ttl = parse_age("--cache-ttl", ttl);
}

std::string build_name(const std::string& file, const std::string& context) {
  return (file.empty() || file == "-" ? file : resolve(file)) + "\n" + resolve(context);
}

builder::GcSettings gc_settings_from_environment() {
  builder::GcSettings settings;
  if (const char* text = std::getenv("IBUILD_GC"); text != nullptr && *text != '\0') {
    const std::string_view value(text);
    if (value != "on" && value != "off")
      throw base::UsageError("IBUILD_GC=" + base::printable(value) + " takes on or off");
    settings.enabled = value == "on";
  }
  const auto size = [](const char* name) -> std::optional<std::uint64_t> {
    const char* text = std::getenv(name);
    if (text == nullptr || *text == '\0') return std::nullopt;
    return parse_byte_size(name, text);
  };
  settings.reserved_bytes = size("IBUILD_GC_RESERVED");
  settings.max_used_bytes = size("IBUILD_GC_MAX_USED");
  settings.min_free_bytes = size("IBUILD_GC_MIN_FREE");
  return settings;
}

std::chrono::seconds parse_age(std::string_view option, std::string_view text) {
  if (const auto days = parse_days(text)) return *days;
  const auto time = base::parse_go_duration(text);
  if (!time || *time < std::chrono::nanoseconds(0)) {
    base::UsageError error(std::string(option) + (option.ends_with('=') ? "" : " ") +
                           base::printable(text) + " is no age");
    error.set_hint("write it as 90m, 72h, 14d or 2w");
    throw error;
  }
  return std::chrono::duration_cast<std::chrono::seconds>(*time);
}

}  // namespace ibuild::cli
