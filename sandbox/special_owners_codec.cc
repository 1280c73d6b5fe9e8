#include "sandbox/special_owners_codec.h"

#include "base/error.h"

namespace ibuild::sandbox {

void write_special_owners(WireWriter& out, const std::vector<base::SpecialOwner>& owners) {
  out.number<std::uint64_t>(owners.size());
  for (const base::SpecialOwner& owner : owners) {
    out.number(owner.file.device);
    out.number(owner.file.inode);
    out.number(owner.file.born_ns);
    out.text(base::format_owner_record(owner.record));
  }
}

std::vector<base::SpecialOwner> read_special_owners(WireReader& in) {
  std::vector<base::SpecialOwner> owners;
  for (auto count = in.number<std::uint64_t>(); count > 0; --count) {
    base::SpecialOwner owner;
    owner.file.device = in.number<std::uint64_t>();
    owner.file.inode = in.number<std::uint64_t>();
    owner.file.born_ns = in.number<std::uint64_t>();
    const auto record = base::parse_owner_record(in.text());
    if (!record) throw base::ContentError("message holds a bad owner");
    owner.record = *record;
    owners.push_back(owner);
  }
  return owners;
}

}  // namespace ibuild::sandbox
