#include "sandbox/child/keeper/credentials.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ibuild::sandbox {

namespace {

std::size_t ids_in(const Credentials& credentials) {
  constexpr std::size_t kFixed = 8;
  return kFixed + credentials.groups.size();
}

bool is_one_of_three(const IdSet& ids, std::uint32_t id) {
  return id == ids.real || id == ids.effective || id == ids.saved;
}

}  // namespace

Credentials Credentials::of(std::uint32_t uid, std::uint32_t gid,
                            std::vector<std::uint32_t> groups) {
  std::sort(groups.begin(), groups.end());  // as the kernel keeps them
  return {{uid, uid, uid, uid}, {gid, gid, gid, gid}, std::move(groups)};
}

bool Credentials::is_in_group(std::uint32_t gid) const {
  return gid == group.file_system || std::find(groups.begin(), groups.end(), gid) != groups.end();
}

void Credentials::note_change_of_user(const IdSet& before) {
  if (is_one_of_three(before, 0) && !is_one_of_three(user, 0) && keeps_capabilities) {
    has_kept_capabilities = true;
  }
}

int set_id(IdSet& ids, bool mighty, std::uint32_t id) {
  if (id == kSameId) return EINVAL;
  if (mighty) {
    ids = {id, id, id, id};
  } else if (id == ids.real || id == ids.saved) {
    ids.effective = ids.file_system = id;
  } else {
    return EPERM;
  }
  return 0;
}

int set_real_and_effective(IdSet& ids, bool mighty, std::uint32_t real, std::uint32_t effective) {
  IdSet wanted = ids;
  if (real != kSameId) {
    if (!mighty && real != ids.real && real != ids.effective) return EPERM;
    wanted.real = real;
  }
  if (effective != kSameId) {
    if (!mighty && !is_one_of_three(ids, effective)) return EPERM;
    wanted.effective = effective;
  }
  if (real != kSameId || (effective != kSameId && effective != ids.real)) {
    wanted.saved = wanted.effective;
  }
  wanted.file_system = wanted.effective;
  ids = wanted;
  return 0;
}

int set_all_three(IdSet& ids, bool mighty, const NewIds& wanted) {
  IdSet changed = ids;
  const std::pair<std::uint32_t, std::uint32_t IdSet::*> parts[] = {
      {wanted.real, &IdSet::real},
      {wanted.effective, &IdSet::effective},
      {wanted.saved, &IdSet::saved}};
  for (const auto& [id, part] : parts) {
    if (id == kSameId) continue;
    if (!mighty && !is_one_of_three(ids, id)) return EPERM;
    changed.*part = id;
  }
  // A call that changes none of the three leaves the fourth alone too (since Linux 6.2).
  const bool names_effective = wanted.effective != kSameId && wanted.effective != ids.file_system;
  if (changed == ids && !names_effective) return 0;
  changed.file_system = changed.effective;
  ids = changed;
  return 0;
}

std::uint32_t set_file_system_id(IdSet& ids, bool mighty, std::uint32_t id) {
  const std::uint32_t former = ids.file_system;
  const bool may = mighty || is_one_of_three(ids, id) || id == former;
  if (id != kSameId && may) ids.file_system = id;
  return former;
}

CredentialTable::CredentialTable(Credentials first) : ids_(ids_in(first)) {
  all_.push_back(std::move(first));
}

const Credentials& CredentialTable::at(std::size_t number) const {
  return number < all_.size() ? all_[number] : all_[0];
}

std::optional<std::size_t> CredentialTable::number_of(const Credentials& credentials) {
  const auto found = std::find(all_.begin(), all_.end(), credentials);
  if (found != all_.end()) return static_cast<std::size_t>(found - all_.begin());
  if (ids_ + ids_in(credentials) > kIdsCap) return std::nullopt;
  ids_ += ids_in(credentials);
  all_.push_back(credentials);
  return all_.size() - 1;
}

}  // namespace ibuild::sandbox
