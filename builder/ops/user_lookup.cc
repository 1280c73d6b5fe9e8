#include "builder/ops/user_lookup.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::builder {
namespace {

constexpr std::uint64_t kMaxFileBytes = 10 << 20;  // as BuildKit

/// "user:group"; none where there is no colon.
struct Spec {
  std::string user;
  std::optional<std::string> group;
};

Spec split_spec(std::string_view spec) {
  const auto colon = spec.find(':');
  if (colon == std::string_view::npos) return {std::string(spec), std::nullopt};
  return {std::string(spec.substr(0, colon)), std::string(spec.substr(colon + 1))};
}

std::optional<std::uint32_t> parse_id(std::string_view text) {
  const auto id = base::parse_u64(text);
  if (!id || *id >= 0xffffffffU) return std::nullopt;  // the last one means "no id" to the kernel
  return static_cast<std::uint32_t>(*id);
}

std::optional<std::uint32_t> fixed_id(std::string_view text) {
  if (text == "root") return 0;
  return parse_id(text);
}

/// The lines of a small file of the image, cut at colons; none when it is not there.
std::vector<std::vector<std::string_view>> split_lines(std::string_view text) {
  std::vector<std::vector<std::string_view>> lines;
  for (const auto line : base::split(text, '\n')) {
    const auto trimmed = base::trim(line);
    if (!trimmed.empty() && trimmed[0] != '#') lines.push_back(base::split(trimmed, ':'));
  }
  return lines;
}

std::string read_user_file(const SourceTree& tree, std::string_view path) {
  const auto file = resolve(tree, base::RelPath::clean(path), /*follow_last=*/true);
  if (!file) return {};
  if (!file->is_file())
    throw base::UsageError(std::string(path) + " of the image is not a regular file");
  if (file->entry.size_bytes > kMaxFileBytes) {
    throw base::UsageError(std::string(path) + " of the image is larger than " +
                           base::human_bytes(kMaxFileBytes));
  }
  const auto bytes = tree.open(*file);
  return base::read_all(*bytes, kMaxFileBytes, path);
}

std::string_view field(const std::vector<std::string_view>& line, std::size_t index) {
  return index < line.size() ? line[index] : std::string_view();
}

/// `kind` is "user" or "group"; those of the image are the ones that may be meant.
template <typename Entry>
[[noreturn]] void fail_unknown(const std::string& kind, const std::string& file,
                               std::string_view name, const std::vector<Entry>& entries) {
  base::UsageError error("unable to find " + kind + " " + base::printable(name) +
                         ": no matching entries in " + file + " file");
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const auto& entry : entries) names.push_back(entry.name);
  if (const auto nearest = base::nearest_word(name, names))
    error.set_hint("did you mean " + base::printable(*nearest) + "?");
  throw error;
}

}  // namespace

std::vector<UserLookup::User> UserLookup::read_users() const {
  std::vector<User> users;
  const std::string text = read_user_file(tree_, "/etc/passwd");
  for (const auto& line : split_lines(text)) {
    const auto uid = parse_id(field(line, 2));
    if (!uid) continue;
    users.push_back({std::string(field(line, 0)), *uid, parse_id(field(line, 3)).value_or(0),
                     std::string(field(line, 5))});
  }
  return users;
}

std::vector<UserLookup::Group> UserLookup::read_groups() const {
  std::vector<Group> groups;
  const std::string text = read_user_file(tree_, "/etc/group");
  for (const auto& line : split_lines(text)) {
    const auto gid = parse_id(field(line, 2));
    if (!gid) continue;
    Group group{std::string(field(line, 0)), *gid, {}};
    for (const auto member : base::split(field(line, 3), ',')) group.members.emplace_back(member);
    groups.push_back(std::move(group));
  }
  return groups;
}

std::uint32_t UserLookup::group_id(std::string_view name) const {
  if (const auto id = fixed_id(name)) return *id;
  const auto groups = read_groups();
  for (const auto& group : groups) {
    if (group.name == name) return group.gid;
  }
  fail_unknown("group", "group", name, groups);
}

bool UserLookup::needs_files(std::string_view spec) {
  const auto parts = split_spec(spec);
  const bool user_is_name = !parts.user.empty() && !fixed_id(parts.user);
  return user_is_name || (parts.group && !parts.group->empty() && !fixed_id(*parts.group));
}

Owner UserLookup::find_owner(std::string_view spec) const {
  const auto parts = split_spec(spec);
  Owner owner;
  if (const auto uid = fixed_id(parts.user)) {
    owner = {*uid, *uid};
  } else if (!parts.user.empty()) {
    const auto users = read_users();
    const auto user = std::find_if(users.begin(), users.end(),
                                   [&](const User& u) { return u.name == parts.user; });
    if (user == users.end()) fail_unknown("user", "passwd", parts.user, users);
    owner = {user->uid, user->gid};
  }
  // BuildKit looks the group of "user:" up, finds none and takes root's.
  if (parts.group) owner.gid = parts.group->empty() ? 0 : group_id(*parts.group);
  return owner;
}

StepUser UserLookup::find_step_user(std::string_view spec) const {
  auto parts = split_spec(spec);
  if (parts.user.empty()) parts.user = "0";  // ":staff" is root in another group
  const auto users = read_users();
  const auto id = parse_id(parts.user);
  // A name first; a number may also be the name of somebody, but then it is a number.
  const auto user = std::find_if(users.begin(), users.end(), [&](const User& u) {
    return id ? u.uid == *id : u.name == parts.user;
  });
  StepUser result;
  if (user != users.end()) {
    result.uid = user->uid;
    result.gid = user->gid;
    result.home = user->home;
  } else if (id || parts.user == "root") {
    result.uid = id.value_or(0);
  } else {
    fail_unknown("user", "passwd", parts.user, users);
  }
  if (result.home.empty()) result.home = result.uid == 0 ? "/root" : "/";
  if (parts.group && !parts.group->empty()) {
    result.gid = group_id(*parts.group);
  } else if (user != users.end()) {
    for (const auto& group : read_groups()) {
      const auto& members = group.members;
      if (std::find(members.begin(), members.end(), user->name) != members.end()) {
        result.additional_gids.push_back(group.gid);
      }
    }
  }
  auto& gids = result.additional_gids;
  if (std::find(gids.begin(), gids.end(), result.gid) == gids.end())
    gids.insert(gids.begin(), result.gid);
  return result;
}

}  // namespace ibuild::builder
