// answer_id_call of sandbox/child/keeper/owner_keeper.h. See: credentials(7).
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <vector>

#include "base/error.h"
#include "sandbox/child/keeper/owner_keeper.h"

namespace ibuild::sandbox {

namespace {

constexpr std::size_t kMaxGroups = 65536;  // NGROUPS_MAX
constexpr std::uint16_t kOverflowId = 65534;

std::uint16_t narrow(std::uint32_t id) {
  return id > std::numeric_limits<std::uint16_t>::max() ? kOverflowId
                                                        : static_cast<std::uint16_t>(id);
}

void write_id(const WaitingCall& call, std::uint64_t address, std::uint32_t id) {
  if (call.heard.is_narrow) {
    const std::uint16_t value = narrow(id);
    call.give(address, std::as_bytes(std::span(&value, 1)));
  } else {
    call.give(address, std::as_bytes(std::span(&id, 1)));
  }
}

CallAnswer give_one(const WaitingCall& call, std::uint32_t id) {
  return CallAnswer::of(call.heard.is_narrow ? narrow(id) : id);
}

CallAnswer give_three(const WaitingCall& call, const IdSet& ids) {
  write_id(call, call.argument(0), ids.real);
  write_id(call, call.argument(1), ids.effective);
  write_id(call, call.argument(2), ids.saved);
  return CallAnswer::of(0);
}

std::size_t id_size(const WaitingCall& call) {
  return call.heard.is_narrow ? sizeof(std::uint16_t) : sizeof(std::uint32_t);
}

CallAnswer give_groups(const WaitingCall& call, const std::vector<std::uint32_t>& groups) {
  const int room = call.int_argument(0);
  if (room < 0) return CallAnswer::failed(EINVAL);
  const auto count = static_cast<std::int64_t>(groups.size());
  if (room == 0) return CallAnswer::of(count);
  if (room < count) return CallAnswer::failed(EINVAL);
  if (count == 0) return CallAnswer::of(0);
  if (call.heard.is_narrow) {
    std::vector<std::uint16_t> narrow_ones;
    narrow_ones.reserve(groups.size());
    for (std::uint32_t gid : groups) narrow_ones.push_back(narrow(gid));
    call.give(call.argument(1), std::as_bytes(std::span(narrow_ones)));
  } else {
    call.give(call.argument(1), std::as_bytes(std::span(groups)));
  }
  return CallAnswer::of(count);
}

std::vector<std::uint32_t> read_groups(const WaitingCall& call) {
  const auto count = static_cast<std::uint32_t>(call.argument(0));
  if (count > kMaxGroups) throw base::SystemError(EINVAL, "setgroups", "");
  std::vector<std::byte> bytes(count * id_size(call));
  if (!bytes.empty()) call.task.read(call.argument(1), bytes);
  std::vector<std::uint32_t> groups(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t half = 0;
    if (call.heard.is_narrow) {
      std::memcpy(&half, bytes.data() + i * sizeof half, sizeof half);
      groups[i] = half;
    } else {
      std::memcpy(&groups[i], bytes.data() + i * sizeof groups[i], sizeof groups[i]);
    }
  }
  std::sort(groups.begin(), groups.end());  // as the kernel keeps them
  return groups;
}

/// Changes `ids` as the call asks for; gives errno or 0.
int change(const WaitingCall& call, IdSet& ids, bool mighty) {
  const auto first = [&] { return call.id_argument(0); };
  const auto second = [&] { return call.id_argument(1); };
  switch (call.heard.call) {
    case OwnerCall::set_uid:
    case OwnerCall::set_gid:
      return set_id(ids, mighty, first());
    case OwnerCall::set_reuid:
    case OwnerCall::set_regid:
      return set_real_and_effective(ids, mighty, first(), second());
    case OwnerCall::set_resuid:
    case OwnerCall::set_resgid:
      return set_all_three(ids, mighty, {first(), second(), call.id_argument(2)});
    default:
      return ENOSYS;
  }
}

int change(const WaitingCall& call, Credentials& mine) {
  switch (call.heard.call) {
    case OwnerCall::set_uid:
    case OwnerCall::set_reuid:
    case OwnerCall::set_resuid: {
      const IdSet before = mine.user;
      const int error = change(call, mine.user, mine.is_mighty());
      if (error == 0) mine.note_change_of_user(before);
      return error;
    }
    case OwnerCall::set_groups:
      if (!mine.may_change_groups()) return EPERM;
      mine.groups = read_groups(call);
      return 0;
    default:
      return change(call, mine.group, mine.may_change_groups());
  }
}

/// False when there is no room for them.
bool try_become(const WaitingCall& call, KeeperState& state, const Credentials& mine) {
  const auto number = state.credentials.number_of(mine);
  if (!number) return false;
  call.must_still_wait();
  call.task.set_credentials_number(*number);
  return true;
}

CallAnswer set_ids(const WaitingCall& call, KeeperState& state) {
  Credentials mine = state.of(call.task);
  std::int64_t value = 0;
  int error = 0;
  if (call.heard.call == OwnerCall::set_fsuid) {
    value = set_file_system_id(mine.user, mine.is_mighty(), call.id_argument(0));
  } else if (call.heard.call == OwnerCall::set_fsgid) {
    value = set_file_system_id(mine.group, mine.may_change_groups(), call.id_argument(0));
  } else {
    error = change(call, mine);
  }
  if (error != 0) return CallAnswer::failed(error);
  return try_become(call, state, mine) ? CallAnswer::of(value) : CallAnswer::failed(EAGAIN);
}

/// The kernel keeps capabilities in any case: it knows of one user only.
CallAnswer keep_capabilities(const WaitingCall& call, KeeperState& state) {
  Credentials mine = state.of(call.task);
  if (call.argument(1) > 1) return CallAnswer::failed(EINVAL);
  mine.keeps_capabilities = call.argument(1) == 1;
  return try_become(call, state, mine) ? CallAnswer::go_on() : CallAnswer::failed(EAGAIN);
}

/// The limit that bears the number stays as it is: pam_limits sets all that there are.
CallAnswer keep_limit(const WaitingCall& call) {
  if (call.heard.call == OwnerCall::set_limit) return CallAnswer::of(0);
  if (call.argument(2) == 0) return CallAnswer::go_on();  // it only asks
  if (const std::uint64_t old = call.argument(3); old != 0) {
    const std::uint64_t limit = call.task.limit_of_number();
    const std::array<std::uint64_t, 2> both = {limit, limit};
    call.give(old, std::as_bytes(std::span(both)));
  }
  return CallAnswer::of(0);
}

}  // namespace

CallAnswer answer_id_call(const WaitingCall& call, KeeperState& state) {
  const Credentials& mine = state.of(call.task);
  switch (call.heard.call) {
    case OwnerCall::get_uid:
      return give_one(call, mine.user.real);
    case OwnerCall::get_euid:
      return give_one(call, mine.user.effective);
    case OwnerCall::get_gid:
      return give_one(call, mine.group.real);
    case OwnerCall::get_egid:
      return give_one(call, mine.group.effective);
    case OwnerCall::get_resuid:
      return give_three(call, mine.user);
    case OwnerCall::get_resgid:
      return give_three(call, mine.group);
    case OwnerCall::get_groups:
      return give_groups(call, mine.groups);
    case OwnerCall::process_control:
      return keep_capabilities(call, state);
    case OwnerCall::set_limit:
    case OwnerCall::set_limit_of:
      return keep_limit(call);
    default:
      return set_ids(call, state);
  }
}

}  // namespace ibuild::sandbox
