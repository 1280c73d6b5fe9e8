#include "sandbox/user_namespace.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "sandbox/enter_user_namespace.h"
#include "sandbox/id_map.h"
#include "sandbox/needed_calls.h"
#include "sandbox/root_mount.h"

namespace ibuild::sandbox {

namespace {

constexpr const char* kMark = "IBUILD_USERNS";
constexpr const char* kOwnBinary = "/proc/self/exe";

std::optional<std::uint32_t> outside_of_root(const IdMap& map) {
  for (const IdRange& range : map) {
    if (range.inside == 0 && range.count > 0) return range.outside;
  }
  return std::nullopt;
}

/// What a run that made the user namespace tells the next:
/// "<uid>:<errno of mounting a /proc there, or 0>:<why there is one id only>".
struct Mark {
  uid_t uid = 0;
  int proc_error = 0;
  std::string why_single;
};

/// None when the id map does not bear it out.
std::optional<Mark> read_mark() {
  const char* value = std::getenv(kMark);
  const std::string_view text = value != nullptr ? value : "";
  const std::size_t first = text.find(':');
  const std::size_t second = text.find(':', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  const auto uid = base::parse_u64(text.substr(0, first));
  const auto proc_error = base::parse_u64(text.substr(first + 1, second - first - 1));
  if (!uid || !proc_error) return std::nullopt;
  const IdMap map = own_uid_map();
  if (is_identity(map) || outside_of_root(map) != *uid) return std::nullopt;
  return Mark{static_cast<uid_t>(*uid), static_cast<int>(*proc_error),
              std::string(text.substr(second + 1))};
}

Privilege privilege_here() {
  const IdMap map = own_uid_map();
  if (is_identity(map)) return Privilege::root;
  const bool several = map.size() > 1 || (map.size() == 1 && map[0].count > 1);
  return several ? Privilege::rootless_ranges : Privilege::rootless_single;
}

/// By path where that leads to the same file: /proc/self/exe still lies on a mount of the old mount
/// namespace, which cannot be cloned from the new one.
std::string own_binary_path() {
  std::array<char, PATH_MAX> path{};
  struct stat own {};
  struct stat other {};
  const bool same = ::readlink(kOwnBinary, path.data(), path.size() - 1) > 0 &&
                    ::stat(kOwnBinary, &own) == 0 && ::stat(path.data(), &other) == 0 &&
                    own.st_dev == other.st_dev && own.st_ino == other.st_ino;
  return same ? path.data() : kOwnBinary;
}

}  // namespace

Privilege enter_user_namespace(int argc, char** argv, std::string& why_not) {
  why_not.clear();
  if (has_admin_capability()) {
    why_not = why_calls_end_us();
    if (why_not.empty()) leave_foreign_mount_namespace();
    if (why_not.empty()) why_not = why_calls_are_missing();
    if (why_not.empty()) why_not = why_mounts_would_show();
    if (!why_not.empty()) return Privilege::none;
    const Privilege privilege = privilege_here();
    const auto mark = read_mark();
    if (privilege == Privilege::rootless_single && mark) why_not = mark->why_single;
    return privilege;
  }
  if (argc < 1) throw base::Error("no program name");
  const std::string uid = std::to_string(::geteuid());
  const UserNamespaceEntry entry = enter_new_user_namespace();
  if (entry.reached == UserNamespaceEntry::Reached::nothing) {
    why_not = entry.why_not;
    return Privilege::none;
  }
  const std::string mark = uid + ":" + std::to_string(entry.proc_error) + ":" + entry.why_not;
  if (::setenv(kMark, mark.c_str(), 1) != 0) throw base::SystemError("setenv", kMark);
  const std::string binary = own_binary_path();
  ::execv(binary.c_str(), argv);
  throw base::SystemError("execute", binary);
}

std::string why_no_own_proc() {
  if (is_identity(own_uid_map())) return {};
  const auto mark = read_mark();
  const int error_number = mark ? mark->proc_error : error_of_own_proc();
  return error_number == 0 ? "" : explain_refusal(UserNamespaceStep::mount_proc, error_number);
}

uid_t real_uid() {
  const auto mark = read_mark();
  return mark ? mark->uid : ::getuid();
}

}  // namespace ibuild::sandbox
