#include "sandbox/id_map.h"

#include <fcntl.h>
#include <unistd.h>

#include <limits>
#include <optional>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace ibuild::sandbox {

namespace {

constexpr std::uint64_t kMapCap = 64 << 10;  // the kernel takes 340 lines
constexpr std::uint32_t kAllIds = std::numeric_limits<std::uint32_t>::max();

std::optional<std::uint32_t> parse_id(std::string_view text) {
  const auto value = base::parse_u64(text);
  if (!value || *value > kAllIds) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  for (std::string_view word : base::split(line, ' ')) {
    if (!word.empty()) found.push_back(word);
  }
  return found;
}

void write_proc_file(const std::string& path, std::string_view text) {
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) throw base::SystemError("open", path);
  // In one piece: the kernel takes only one write.
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw base::SystemError("write", path);
  }
}

IdMap read_map(const char* path) { return parse_id_map(base::read_host_file(path, kMapCap)); }

}  // namespace

IdMap parse_id_map(std::string_view text) {
  IdMap map;
  for (std::string_view line : base::split(text, '\n')) {
    const auto fields = words(line);
    if (fields.empty()) continue;
    const auto inside = parse_id(fields[0]);
    const auto outside = fields.size() == 3 ? parse_id(fields[1]) : std::nullopt;
    const auto count = fields.size() == 3 ? parse_id(fields[2]) : std::nullopt;
    if (!inside || !outside || !count) {
      throw base::ContentError("\"" + base::printable(line) + "\" is no line of an id map");
    }
    map.push_back({*inside, *outside, *count});
  }
  return map;
}

std::string format_id_map(const IdMap& map) {
  std::string text;
  for (const IdRange& range : map) {
    text += std::to_string(range.inside) + " " + std::to_string(range.outside) + " " +
            std::to_string(range.count) + "\n";
  }
  return text;
}

bool maps_id(const IdMap& map, std::uint32_t inside) {
  for (const IdRange& range : map) {
    if (inside >= range.inside && inside - range.inside < range.count) return true;
  }
  return false;
}

bool is_identity(const IdMap& map) { return map == IdMap{{0, 0, kAllIds}}; }

IdMap same_ids(IdMap map) {
  for (IdRange& range : map) range.outside = range.inside;
  if (is_identity(map)) --map[0].count;
  return map;
}

void write_id_maps(pid_t pid, const IdMap& uids, const IdMap& gids) {
  const std::string dir = "/proc/" + std::to_string(pid);
  write_proc_file(dir + "/uid_map", format_id_map(uids));
  write_proc_file(dir + "/gid_map", format_id_map(gids));
}

void deny_set_groups() { write_proc_file("/proc/self/setgroups", "deny"); }

IdMap own_uid_map() { return read_map("/proc/self/uid_map"); }

IdMap own_gid_map() { return read_map("/proc/self/gid_map"); }

bool may_set_groups() {
  // The file is absent from kernels before 3.19, which denied nothing.
  const auto text = base::try_read_host_file("/proc/self/setgroups", kMapCap);
  return !text || base::trim(*text) != "deny";
}

std::vector<SubIdRange> granted_ranges(std::string_view text, std::string_view user_name,
                                       std::uint32_t uid) {
  const std::string number = std::to_string(uid);
  std::vector<SubIdRange> ranges;
  for (std::string_view line : base::split(text, '\n')) {
    const auto fields = base::split(line, ':');
    if (fields.size() != 3) continue;
    const bool ours = (!user_name.empty() && fields[0] == user_name) || fields[0] == number;
    const auto start = parse_id(fields[1]);
    const auto count = parse_id(base::trim(fields[2]));
    if (!ours || !start || !count || *count == 0 || *count > kAllIds - *start) continue;
    ranges.push_back({*start, *count});
  }
  return ranges;
}

IdMap map_of_ranges(std::uint32_t own_id, const std::vector<SubIdRange>& ranges) {
  IdMap map = {{0, own_id, 1}};
  std::uint32_t next = 1;
  for (const SubIdRange& range : ranges) {
    if (range.count > kAllIds - next) break;
    map.push_back({next, range.start, range.count});
    next += range.count;
  }
  return map;
}

}  // namespace ibuild::sandbox
