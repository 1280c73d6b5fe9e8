// Normal forms and matching as in containerd's platforms package:
// https://github.com/containerd/platforms
#include "image/platform.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::image {

namespace {

struct Alias {
  std::string_view name;
  std::string_view architecture;
  std::string_view variant;  // empty: keep the one given
};

// Names of uname(2) and of Debian for what Go calls otherwise.
constexpr auto kArchitectureAliases = std::to_array<Alias>({
    {"x86_64", "amd64", ""},
    {"x86-64", "amd64", ""},
    {"aarch64", "arm64", ""},
    {"armhf", "arm", "v7"},
    {"armel", "arm", "v6"},
    {"armv8l", "arm", "v8"},
    {"armv7l", "arm", "v7"},
    {"armv6l", "arm", "v6"},
    {"armv5tel", "arm", "v5"},
    {"i386", "386", ""},
    {"i486", "386", ""},
    {"i586", "386", ""},
    {"i686", "386", ""},
    {"loongarch64", "loong64", ""},
});

const std::vector<std::string>& known_systems() {
  static const std::vector<std::string> systems = {
      "aix",   "android", "darwin", "dragonfly", "freebsd", "hurd",    "illumos", "ios",     "js",
      "linux", "nacl",    "netbsd", "openbsd",   "plan9",   "solaris", "wasip1",  "windows", "zos"};
  return systems;
}

const std::vector<std::string>& known_architectures() {
  static const std::vector<std::string> architectures = {
      "386",     "amd64",  "amd64p32", "arm",       "armbe",       "arm64",  "arm64be", "loong64",
      "mips",    "mips64", "mips64le", "mips64p32", "mips64p32le", "mipsle", "ppc",     "ppc64",
      "ppc64le", "riscv",  "riscv64",  "s390",      "s390x",       "sparc",  "sparc64", "wasm"};
  return architectures;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_platform_word(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

void normalize_variant(Platform& platform) {
  std::string& variant = platform.variant;
  if (!variant.empty() && variant[0] >= '0' && variant[0] <= '9' &&
      (platform.architecture == "arm" || platform.architecture == "arm64")) {
    variant.insert(0, "v");
  }
  if (platform.architecture == "386") variant.clear();
  if (platform.architecture == "arm" && variant.empty()) variant = "v7";
  if (platform.architecture == "arm64" && (variant == "v8" || variant == "v8.0")) variant.clear();
  if (platform.architecture == "amd64" && variant == "v1") variant.clear();
}

void sort_features(Platform& platform) {
  auto& features = platform.os_features;
  std::ranges::sort(features);
  features.erase(std::unique(features.begin(), features.end()), features.end());
}

/// Variants that are versions of an instruction set, each running what was made for those before
/// it.
struct Version {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  auto operator<=>(const Version&) const = default;
};

/// Requires: normal form. None where variants of this architecture are no versions.
std::optional<Version> version_of(const Platform& platform) {
  const std::string& architecture = platform.architecture;
  std::string_view variant = platform.variant;
  if (variant.empty() && architecture == "arm64") variant = "v8";
  if (variant.empty() && architecture == "amd64") variant = "v1";
  if (architecture != "arm" && architecture != "arm64" && architecture != "amd64") {
    return std::nullopt;
  }
  if (!variant.starts_with('v')) return std::nullopt;
  const auto numbers = base::split(variant.substr(1), '.');
  const auto major = base::parse_u64(numbers[0]);
  const auto minor = numbers.size() > 1 ? base::parse_u64(numbers[1]) : std::uint64_t{0};
  if (!major || !minor || numbers.size() > 2) return std::nullopt;
  return Version{*major, *minor};
}

/// How well an offer serves: a larger one is better.
struct Fitness {
  bool same_architecture = true;
  Version version;
  auto operator<=>(const Fitness&) const = default;
};

/// Processors that also run what was made for a smaller one, as containerd falls back to it.
std::optional<Fitness> fitness_of_smaller(const Platform& wanted, const Platform& offered) {
  if (wanted.architecture == "amd64" && offered.architecture == "386") return Fitness{false, {}};
  if (wanted.architecture != "arm64" || offered.architecture != "arm") return std::nullopt;
  const auto version = version_of(offered);
  if (!version || *version > Version{8, 0}) return std::nullopt;
  return Fitness{false, *version};
}

/// None when the offer does not serve. Requires: normal forms.
std::optional<Fitness> fitness(const Platform& wanted, const Platform& offered) {
  const bool is_unknown = offered.os == "unknown" || offered.architecture == "unknown";
  if (is_unknown || wanted.os != offered.os) return std::nullopt;
  if (!wanted.os_version.empty() && wanted.os_version != offered.os_version) return std::nullopt;
  // What names none is for anybody; who asks for none takes any, as for Windows' win32k.
  const auto& features = wanted.os_features;
  if (!features.empty() && !std::includes(features.begin(), features.end(),
                                          offered.os_features.begin(), offered.os_features.end()))
    return std::nullopt;
  if (wanted.architecture != offered.architecture) return fitness_of_smaller(wanted, offered);
  if (wanted.variant == offered.variant)
    return Fitness{true, version_of(offered).value_or(Version{})};
  const auto wanted_version = version_of(wanted);
  const auto offered_version = version_of(offered);
  if (!wanted_version || !offered_version) return std::nullopt;
  if (*offered_version > *wanted_version) return std::nullopt;
  return Fitness{true, *offered_version};
}

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw base::UsageError("invalid platform \"" + base::printable(text) + "\": " + why);
}

/// The value of a version or feature: %28 stands for a parenthesis, and so on.
std::optional<std::string> decode_option(std::string_view text) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (!is_platform_word(text.substr(i, 1))) return std::nullopt;
      value += text[i];
      continue;
    }
    const auto digits = text.substr(i + 1, 2);
    unsigned code = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + digits.size())
      return std::nullopt;
    value += static_cast<char>(code);
    i += 2;
  }
  return value;
}

std::string encode_option(std::string_view value) {
  constexpr std::string_view kMarks = "%+()/";
  std::string text;
  for (const char c : value) {
    if (kMarks.find(c) == std::string_view::npos) {
      text += c;
    } else {
      text += fmt::format("%{:02X}", static_cast<unsigned>(c));
    }
  }
  return text;
}

/// What stands in the parentheses behind the system: a version, features, or both.
/// "10.0.17763+win32k".
void read_options(std::string_view text, std::string_view options, Platform& platform) {
  const auto parts = base::split(options, '+');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool is_version = i == 0;
    const auto value = decode_option(parts[i]);
    if (!value || (value->empty() && !is_version)) {
      const std::string what =
          is_version ? "the version in parentheses" : "a feature of the system";
      refuse(text, what + ", \"" + base::printable(parts[i]) + "\", is not one");
    }
    if (is_version) {
      platform.os_version = *value;
    } else {
      platform.os_features.push_back(*value);
    }
  }
  sort_features(platform);
}

/// "arm64" or "linux" alone: the rest is this machine's.
Platform from_one_word(std::string_view text, const std::string& word) {
  Platform platform = host_platform();
  const Platform as_system = normalize({.os = word});
  if (contains(known_systems(), as_system.os)) {
    platform.os = as_system.os;
    return platform;
  }
  Platform as_architecture = normalize({.os = platform.os, .architecture = word});
  if (contains(known_architectures(), as_architecture.architecture)) return as_architecture;
  std::vector<std::string> known = known_architectures();
  known.insert(known.end(), known_systems().begin(), known_systems().end());
  const auto near = base::nearest_word(word, known);
  refuse(text, "unknown operating system or architecture" +
                   (near ? ", did you mean \"" + *near + "\"?" : std::string()));
}

}  // namespace

std::string Platform::str() const {
  std::string text = os + "/" + architecture;
  if (!variant.empty()) text += "/" + variant;
  return text;
}

std::string Platform::str_with_version() const {
  if (os_version.empty() && os_features.empty()) return str();
  Platform shown = *this;
  shown.os += "(" + encode_option(os_version);
  for (const auto& feature : os_features) shown.os += "+" + encode_option(feature);
  shown.os += ")";
  return shown.str();
}

Platform normalize(Platform platform) {
  platform.os = base::to_lower(platform.os);
  if (platform.os == "macos") platform.os = "darwin";
  platform.architecture = base::to_lower(platform.architecture);
  platform.variant = base::to_lower(platform.variant);
  for (const Alias& alias : kArchitectureAliases) {
    if (platform.architecture != alias.name) continue;
    platform.architecture = alias.architecture;
    if (!alias.variant.empty()) platform.variant = alias.variant;
    break;
  }
  normalize_variant(platform);
  sort_features(platform);
  return platform;
}

Platform host_platform() {
  utsname machine{};
  if (::uname(&machine) != 0) throw base::SystemError("uname", "");
  return normalize({.os = "linux", .architecture = machine.machine});
}

Platform parse_platform(std::string_view text) {
  if (text == "local") return host_platform();
  auto parts = base::split(text, '/');
  if (parts.size() > 3) refuse(text, "more than os/architecture/variant");
  // Windows builds are written "windows(10.0.17763)/amd64".
  Platform options;
  std::string_view& first = parts[0];
  if (const auto open = first.find('('); open != std::string_view::npos && first.ends_with(')')) {
    read_options(text, first.substr(open + 1, first.size() - open - 2), options);
    first = first.substr(0, open);
  }
  for (std::string_view part : parts) {
    if (part.empty()) refuse(text, "a part is empty");
    if (!is_platform_word(part)) refuse(text, "\"" + base::printable(part) + "\" is not a name");
  }
  Platform platform;
  if (parts.size() == 1) {
    platform = from_one_word(text, std::string(parts[0]));
  } else {
    platform.os = parts[0];
    platform.architecture = parts[1];
    if (parts.size() == 3) platform.variant = parts[2];
    platform = normalize(std::move(platform));
  }
  platform.os_version = std::move(options.os_version);
  platform.os_features = std::move(options.os_features);
  return platform;
}

std::optional<std::size_t> best_match(const Platform& wanted, std::span<const Platform> offers) {
  const Platform normal = normalize(wanted);
  std::optional<std::size_t> best;
  std::optional<Fitness> best_fitness;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const auto fits = fitness(normal, normalize(offers[i]));
    if (!fits || (best && *fits <= *best_fitness)) continue;
    best = i;
    best_fitness = fits;
  }
  return best;
}

bool matches(const Platform& wanted, const Platform& offered) {
  return fitness(normalize(wanted), normalize(offered)).has_value();
}

}  // namespace ibuild::image
