#include "builder/tree/file_facts_table.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace ibuild::builder {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kFirstSlots = 256;

/// Inodes of files made one after the other are neighbours: they are spread.
std::size_t hash_of(const FileIdentity& identity) {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;
  std::uint64_t hash = (identity.inode ^ identity.device << 32) * kGolden;
  hash ^= static_cast<std::uint64_t>(identity.ctime_ns) * kGolden >> 32;
  return hash ^ hash >> 32;
}

}  // namespace

std::size_t FileFactsTable::slot_of(const FileIdentity& identity) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_of(identity) & mask;
  while (slots_[slot] != kNone && entries_[slots_[slot]].identity != identity)
    slot = (slot + 1) & mask;
  return slot;
}

/// At least every fourth slot stays free.
void FileFactsTable::make_room() {
  if (!slots_.empty() && entries_.size() < slots_.size() / 4 * 3) return;
  slots_.assign(std::max(kFirstSlots, slots_.size() * 2), kNone);
  for (std::uint32_t place = 0; place < entries_.size(); ++place)
    slots_[slot_of(entries_[place].identity)] = place;
}

void FileFactsTable::put(const FileIdentity& identity, const FileFacts& facts) {
  make_room();
  auto& slot = slots_[slot_of(identity)];
  if (slot == kNone) {
    slot = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({identity, {}, kNone});
  }
  Entry& entry = entries_[slot];
  facts.content.raw().copy(entry.content.data(), entry.content.size());
  entry.capability = kNone;
  if (facts.capability.empty()) return;
  entry.capability = static_cast<std::uint32_t>(capabilities_.size());
  capabilities_.push_back(facts.capability);
}

FileFacts FileFactsTable::facts(std::uint32_t place) const {
  const Entry& entry = entries_[place];
  return {base::Sha256Value::from_raw({entry.content.data(), entry.content.size()}),
          entry.capability == kNone ? std::string() : capabilities_[entry.capability]};
}

std::optional<FileFacts> FileFactsTable::find(const FileIdentity& identity) const {
  if (entries_.empty()) return std::nullopt;
  const auto place = slots_[slot_of(identity)];
  return place == kNone ? std::nullopt : std::optional(facts(place));
}

void FileFactsTable::clear() { *this = {}; }

std::vector<std::uint32_t> FileFactsTable::sorted() const {
  std::vector<std::uint32_t> places(entries_.size());
  std::iota(places.begin(), places.end(), 0U);
  std::sort(places.begin(), places.end(), [&](std::uint32_t a, std::uint32_t b) {
    return entries_[a].identity < entries_[b].identity;
  });
  return places;
}

}  // namespace ibuild::builder
