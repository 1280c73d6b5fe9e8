// See: https://docs.docker.com/reference/dockerfile/#run---mount
#include "parser/mount.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/byte_size.h"
#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "parser/clean_path.h"
#include "parser/csv_fields.h"

namespace ibuild::parser {

namespace {

struct Pair {
  std::string written;
  std::string key;
  std::optional<std::string> value;
};

Pair split_pair(std::string field) {
  Pair pair;
  const auto equals = field.find('=');
  pair.key = base::to_lower(std::string_view(field).substr(0, equals));
  if (equals != std::string::npos) pair.value = field.substr(equals + 1);
  pair.written = std::move(field);
  return pair;
}

std::vector<Pair> split_pairs(std::string_view csv) {
  std::vector<Pair> pairs;
  try {
    for (std::string& field : split_csv(csv)) pairs.push_back(split_pair(std::move(field)));
  } catch (base::UsageError& error) {
    error.add_context("cannot read the mount");
    throw;
  }
  return pairs;
}

[[noreturn]] void fail(std::string message) { throw base::UsageError(std::move(message)); }

[[noreturn]] void fail_with_nearest(std::string message, std::string_view word,
                                    std::span<const std::string> candidates) {
  base::UsageError error(std::move(message));
  if (const auto nearest = base::nearest_word(word, candidates)) {
    error.set_hint("did you mean " + *nearest + "?");
  }
  throw error;
}

/// What of buildah's and docker's options means nothing here, or works otherwise; by its key.
struct ForeignOption {
  std::string_view key;
  std::string_view instead;
};
constexpr std::string_view kNoRelabelling =
    "leave it out: files are never relabelled; --security-opt label=… of the build says under "
    "which SELinux label steps run";
constexpr std::string_view kOwnerOfStep =
    "leave it out: change owners in the step, or give a cache, secret or ssh mount uid= and gid=";
constexpr std::string_view kFixedFlags =
    "leave it out: what a step's mounts allow is fixed; readonly keeps one from being written";
constexpr std::string_view kPrivate = "leave it out: the mounts of a step are its own";
constexpr std::string_view kCopyInStep =
    "leave it out: a tmpfs begins empty; copy what it needs in the step";
constexpr std::array<ForeignOption, 17> kForeignOptions = {{
    {"z", kNoRelabelling},
    {"relabel", kNoRelabelling},
    {"u", kOwnerOfStep},
    {"chown", kOwnerOfStep},
    {"suid", kFixedFlags},
    {"nosuid", kFixedFlags},
    {"dev", kFixedFlags},
    {"nodev", kFixedFlags},
    {"exec", kFixedFlags},
    {"noexec", kFixedFlags},
    {"bind-propagation", kPrivate},
    {"bind-nonrecursive", kPrivate},
    {"private", kPrivate},
    {"rprivate", kPrivate},
    {"tmpcopyup", kCopyInStep},
    {"notmpcopyup", "leave it out: a tmpfs always begins empty"},
    {"consistency", "leave it out: files are always seen as they are"},
}};

void refuse_foreign(const Pair& pair) {
  for (const auto& [key, instead] : kForeignOptions) {
    if (key != pair.key) continue;
    base::UsageError error("the option '" +
                           std::string(std::string_view(pair.written).substr(0, key.size())) +
                           "' of a mount is not supported");
    error.set_hint(std::string(instead));
    throw error;
  }
}

/// A fault in `f` is one of this option.
template <typename F>
void of_option(const Pair& pair, F&& f) {
  try {
    f();
  } catch (const base::UsageError& fault) {
    throw MountOptionError(fault, pair.written);
  }
}

[[noreturn]] void fail_value(const Pair& pair) {
  fail("invalid value for " + pair.key + ": " + base::printable(*pair.value));
}

/// The index of a word in a list; the fault names `what` it should have been.
std::size_t find_word(std::span<const std::string> words, const std::string& word,
                      std::string_view what) {
  const std::string lower = base::to_lower(word);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == lower) return i;
  }
  fail_with_nearest("unsupported " + std::string(what) + " \"" + base::printable(word) + "\"", word,
                    words);
}

constexpr std::size_t kTypeCount = 5;
const std::array<std::string, kTypeCount>& type_names() {
  static const std::array<std::string, kTypeCount> kNames = {"bind", "cache", "tmpfs", "secret",
                                                             "ssh"};
  return kNames;
}

MountType parse_type(const std::string& value) {
  return static_cast<MountType>(find_word(type_names(), value, "mount type"));
}

const std::string& type_name(MountType type) {
  return type_names()[static_cast<std::size_t>(type)];
}

CacheSharing parse_sharing(const std::string& value) {
  static const std::array<std::string, 3> kNames = {"shared", "private", "locked"};
  return static_cast<CacheSharing>(find_word(kNames, value, "sharing value"));
}

std::uint32_t parse_number(const Pair& pair, int number_base) {
  std::uint32_t number = 0;
  const std::string& text = *pair.value;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, number_base);
  if (error != std::errc() || stop != end) fail_value(pair);
  return number;
}

bool parse_switch(const Pair& pair) {
  if (!pair.value) return true;
  const std::optional<bool> value = base::parse_go_bool(*pair.value);
  if (!value) fail_value(pair);
  return *value;
}

/// Puts the pairs into a Mount. The type is known from the start, whatever place it has among them.
class MountReader {
 public:
  explicit MountReader(MountType type) {
    mount_.type = type;
    mount_.read_only = type != MountType::cache && type != MountType::tmpfs;
  }

  void read(const Pair& pair);
  Mount finish();

 private:
  bool read_switch(const Pair& pair);
  void read_place(const Pair& pair);
  void read_permission(const Pair& pair);
  void finish_secret();
  void need_type(const Pair& pair, bool is_allowed) const {
    if (is_allowed) return;
    fail("unexpected key '" + pair.key + "' for mount type '" + type_name(mount_.type) + "'");
  }
  void set_read_only(bool read_only) {
    mount_.read_only = read_only;
    mount_.read_only_given = true;
  }

  Mount mount_;
  bool has_sharing_ = false;
};

bool MountReader::read_switch(const Pair& pair) {
  if (pair.key == "readonly" || pair.key == "ro") {
    set_read_only(parse_switch(pair));
  } else if (pair.key == "readwrite" || pair.key == "rw") {
    set_read_only(!parse_switch(pair));
  } else if (pair.key == "required") {
    need_type(pair, mount_.type == MountType::secret || mount_.type == MountType::ssh);
    mount_.required = parse_switch(pair);
  } else {
    return false;
  }
  return true;
}

void MountReader::read(const Pair& pair) {
  if (read_switch(pair)) return;
  refuse_foreign(pair);
  if (!pair.value) {
    fail("invalid field '" + base::printable(pair.written) + "' must be a key=value pair");
  }
  if (pair.key == "size") {
    need_type(pair, mount_.type == MountType::tmpfs);
    const auto size = base::parse_byte_size(*pair.value);
    if (!size) fail_value(pair);
    mount_.size_bytes = *size;
  } else if (pair.key == "sharing") {
    mount_.sharing = parse_sharing(*pair.value);
    has_sharing_ = true;
  } else if (pair.key == "mode" || pair.key == "uid" || pair.key == "gid") {
    read_permission(pair);
  } else if (pair.key != "type") {
    read_place(pair);
  }
}

void MountReader::read_permission(const Pair& pair) {
  if (mount_.type == MountType::bind || mount_.type == MountType::tmpfs) {
    fail(pair.key + " not allowed for \"" + type_name(mount_.type) + "\" type mounts");
  }
  if (pair.key == "mode") {
    mount_.mode = parse_number(pair, 8);
  } else if (pair.key == "uid") {
    mount_.uid = parse_number(pair, 10);
  } else {
    mount_.gid = parse_number(pair, 10);
  }
}

void MountReader::read_place(const Pair& pair) {
  const std::string& key = pair.key;
  if (key == "target" || key == "dst" || key == "destination") {
    mount_.target = *pair.value;
  } else if (key == "source" || key == "src") {
    mount_.source = *pair.value;
  } else if (key == "from") {
    mount_.from = *pair.value;
  } else if (key == "id") {
    mount_.id = *pair.value;
  } else if (key == "env") {
    mount_.env = *pair.value;
  } else {
    const std::vector<std::string> keys = {
        "type",     "from",        "source", "target", "readonly", "id",  "sharing",
        "required", "size",        "mode",   "uid",    "gid",      "src", "dst",
        "env",      "destination", "ro",     "rw",     "readwrite"};
    fail_with_nearest(
        "unexpected key '" + base::printable(key) + "' in '" + base::printable(pair.written) + "'",
        key, keys);
  }
}

void MountReader::finish_secret() {
  if (!mount_.from.empty()) fail("a secret mount should not have a from");
  if (mount_.source.empty() && mount_.target.empty() && mount_.id.empty()) {
    fail("invalid secret mount: one of source, target required, or an id");
  }
  if (!mount_.source.empty() && !mount_.id.empty()) {
    fail("invalid secret mount: both source and id can't be set");
  }
  if (!mount_.source.empty()) mount_.id = mount_.source;
  if (mount_.id.empty()) {
    const std::string_view target = mount_.target;
    const auto end = target.find_last_not_of('/');
    const std::string_view trimmed = target.substr(0, end == std::string_view::npos ? 0 : end + 1);
    mount_.id = trimmed.empty() ? "/" : trimmed.substr(trimmed.rfind('/') + 1);
  }
}

Mount MountReader::finish() {
  if (has_sharing_ && mount_.type != MountType::cache) {
    fail("sharing is for cache mounts only, not for " + type_name(mount_.type));
  }
  if (mount_.type == MountType::secret) finish_secret();
  if (mount_.type == MountType::tmpfs && clean_path("/" + mount_.source) != "/") {
    fail("a tmpfs mount takes no source: it begins empty");
  }
  if (mount_.type == MountType::ssh) {
    if (!mount_.source.empty()) fail("an ssh mount takes no source");
    if (mount_.id.empty()) mount_.id = "default";
  }
  return std::move(mount_);
}

/// Where among the fields one begins that is written without quotes.
std::optional<std::size_t> find_field(std::string_view csv, std::string_view field) {
  for (std::size_t at = 0; at < csv.size(); ++at) {
    const auto end = std::min(csv.find(',', at), csv.size());
    if (csv.substr(at, end - at) == field) return at;
    at = end;
  }
  return std::nullopt;
}

}  // namespace

MountOptionError::MountOptionError(const base::UsageError& fault, std::string option)
    : base::UsageError(fault.what()), option_(std::move(option)) {
  set_hint(fault.hint());
}

Mount parse_mount(std::string_view csv, const ValueExpander& expand) {
  check_mount(csv);
  std::vector<Pair> pairs = split_pairs(csv);
  MountType type = MountType::bind;
  for (Pair& pair : pairs) {
    of_option(pair, [&] {
      if (pair.value && expand) pair.value = expand(*pair.value);
      if (pair.key == "type" && pair.value) type = parse_type(*pair.value);
    });
  }
  MountReader reader(type);
  for (const Pair& pair : pairs) of_option(pair, [&] { reader.read(pair); });
  return reader.finish();
}

void check_mount(std::string_view csv) {
  for (const Pair& pair : split_pairs(csv)) {
    if (pair.key != "from" || !pair.value) continue;
    const auto dollar = pair.value->find('$');
    if (dollar == std::string::npos || dollar + 1 == pair.value->size()) continue;
    base::UsageError error("'from' doesn't support variable expansion, define alias stage instead");
    error.set_hint("give the image a name with FROM … AS and mount from that stage");
    throw MountOptionError(error, pair.written);
  }
}

SourceRange place_of_fault(const base::UsageError& fault, const WrittenMount& mount,
                           const SourceRange& elsewhere) {
  constexpr std::string_view kFlag = "--mount=";
  if (!mount.range.known()) return elsewhere;
  const auto* option = dynamic_cast<const MountOptionError*>(&fault);
  const auto& [start, end] = mount.range;
  const bool is_plain =
      start.line == end.line &&
      end.column - start.column + 1 == static_cast<int>(kFlag.size() + mount.text.size());
  if (option == nullptr || !is_plain) return mount.range;
  const auto at = find_field(mount.text, option->option());
  if (!at) return mount.range;
  const int column = start.column + static_cast<int>(kFlag.size() + *at);
  return {{start.line, column},
          {start.line, column + static_cast<int>(option->option().size()) - 1}};
}

std::string mount_from(std::string_view csv) {
  std::string from;
  for (Pair& pair : split_pairs(csv)) {
    if (pair.key == "from" && pair.value) from = *std::move(pair.value);
  }
  return from;
}

}  // namespace ibuild::parser
