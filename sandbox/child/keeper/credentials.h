#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ibuild::sandbox {

/// An id that a call leaves as it is.
inline constexpr std::uint32_t kSameId = 0xffffffff;

/// The user or the group that a process counts as, four times. See: credentials(7).
struct IdSet {
  std::uint32_t real = 0;
  std::uint32_t effective = 0;
  std::uint32_t saved = 0;
  std::uint32_t file_system = 0;
  bool operator==(const IdSet&) const = default;
};

/// Who a process counts as.
struct Credentials {
  IdSet user;
  IdSet group;
  std::vector<std::uint32_t> groups;  // supplementary ones
  /// What root may is kept when it becomes another user. See: PR_SET_KEEPCAPS of prctl(2).
  bool keeps_capabilities = false;
  /// It was root and has kept them: setpriv(1) changes its groups after its user. They would end at
  /// the next exec, which nobody hears of.
  bool has_kept_capabilities = false;
  bool operator==(const Credentials&) const = default;

  static Credentials of(std::uint32_t uid, std::uint32_t gid, std::vector<std::uint32_t> groups);
  /// What root may, others may not.
  bool is_mighty() const { return user.effective == 0; }
  bool may_change_groups() const { return is_mighty() || has_kept_capabilities; }
  /// To be called when `user` has changed, with what it was before.
  void note_change_of_user(const IdSet& before);
  bool is_in_group(std::uint32_t gid) const;
  /// Whether what it makes is root's.
  bool makes_files_of_root() const { return user.file_system == 0 && group.file_system == 0; }
};

/// The calls that change ids, on `ids` of a process that is `mighty` or not. They give what the
/// system call does: 0, or an errno value, and then nothing has changed.
/// See: setuid(2), setreuid(2), setresuid(2).
int set_id(IdSet& ids, bool mighty, std::uint32_t id);
int set_real_and_effective(IdSet& ids, bool mighty, std::uint32_t real, std::uint32_t effective);
struct NewIds {
  std::uint32_t real;
  std::uint32_t effective;
  std::uint32_t saved;
};
int set_all_three(IdSet& ids, bool mighty, const NewIds& wanted);
/// Gives the former id, changed or not. See: setfsuid(2).
std::uint32_t set_file_system_id(IdSet& ids, bool mighty, std::uint32_t id);

/// All credentials that processes of a step have had, by number. Number 0 is what the step starts
/// with.
class CredentialTable {
 public:
  /// Ids in all of them together: no step has more, and the room they take is ours.
  static constexpr std::size_t kIdsCap = 1 << 20;

  explicit CredentialTable(Credentials first);
  /// Those of a number that is not known are the first ones.
  const Credentials& at(std::size_t number) const;
  /// The number, a new one when they are new; none when there is no room for them.
  std::optional<std::size_t> number_of(const Credentials& credentials);

 private:
  std::vector<Credentials> all_;
  std::size_t ids_ = 0;
};

}  // namespace ibuild::sandbox
