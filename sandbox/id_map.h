#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::sandbox {

/// One line of an id map. See: user_namespaces(7).
struct IdRange {
  std::uint32_t inside = 0;
  std::uint32_t outside = 0;
  std::uint32_t count = 0;
  bool operator==(const IdRange&) const = default;
};
using IdMap = std::vector<IdRange>;

/// Text of a /proc/<pid>/uid_map. Throws: ContentError.
IdMap parse_id_map(std::string_view text);
/// For writing to such a file.
std::string format_id_map(const IdMap& map);
bool maps_id(const IdMap& map, std::uint32_t inside);
/// True for the map of the initial user namespace: every id is itself.
bool is_identity(const IdMap& map);

/// Every id of a namespace with the map `map` as itself, as root in a container may map them. All
/// ids but the last one, where it has all: a map of all is taken for that of the initial namespace.
IdMap same_ids(IdMap map);
/// Maps ids in the new user namespace of a process. Throws: SystemError.
void write_id_maps(pid_t pid, const IdMap& uids, const IdMap& gids);
/// What the kernel wants before an ordinary user maps a group in this process' user namespace.
void deny_set_groups();

/// The maps of this process. Throws: SystemError, ContentError.
IdMap own_uid_map();
IdMap own_gid_map();
/// False where setgroups(2) is denied to this process' user namespace.
bool may_set_groups();

/// The ranges that /etc/subuid or /etc/subgid (`text`) grants to a user, by name or by number, in
/// the order of the file. Lines that are not of the form owner:start:count are passed over, as
/// newuidmap(1) does.
struct SubIdRange {
  std::uint32_t start = 0;
  std::uint32_t count = 0;
  bool operator==(const SubIdRange&) const = default;
};
std::vector<SubIdRange> granted_ranges(std::string_view text, std::string_view user_name,
                                       std::uint32_t uid);
/// Root inside is `own_id`, 1 and up are the ranges one after the other.
IdMap map_of_ranges(std::uint32_t own_id, const std::vector<SubIdRange>& ranges);

}  // namespace ibuild::sandbox
