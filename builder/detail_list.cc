#include "builder/detail_list.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ibuild::builder {
namespace {

constexpr std::size_t kBlockBytes = 128 << 10;

/// What stands before each item: the lengths of its name and of its value.
using Lengths = std::array<std::size_t, 2>;

Lengths lengths_at(const std::string& block, std::size_t offset) {
  Lengths lengths;
  std::memcpy(lengths.data(), block.data() + offset, sizeof lengths);
  return lengths;
}

}  // namespace

void DetailList::add(std::string_view name, std::string_view value) {
  const Lengths lengths = {name.size(), value.size()};
  const std::size_t needed = sizeof lengths + name.size() + value.size();
  if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < needed)
    blocks_.emplace_back().reserve(std::max(kBlockBytes, needed));
  std::string& block = blocks_.back();
  block.append(reinterpret_cast<const char*>(lengths.data()), sizeof lengths);
  block += name;
  block += value;
}

DetailList::Iterator DetailList::begin() const { return {blocks_, 0}; }
DetailList::Iterator DetailList::end() const { return {blocks_, blocks_.size()}; }

DetailList::Item DetailList::Iterator::operator*() const {
  const std::string_view block = (*blocks_)[block_];
  const auto [name, value] = lengths_at((*blocks_)[block_], offset_);
  const std::size_t start = offset_ + sizeof(Lengths);
  return {block.substr(start, name), block.substr(start + name, value)};
}

DetailList::Iterator& DetailList::Iterator::operator++() {
  const std::string& block = (*blocks_)[block_];
  const auto [name, value] = lengths_at(block, offset_);
  offset_ += sizeof(Lengths) + name + value;
  if (offset_ == block.size()) {
    ++block_;
    offset_ = 0;
  }
  return *this;
}

}  // namespace ibuild::builder
