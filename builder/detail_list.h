#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::builder {

/// Names with values, of which there may be one for each of very many files: kept one behind the
/// other in a few large blocks. What is given out lives as long as the list.
class DetailList {
 public:
  struct Item {
    std::string_view name;
    std::string_view value;
    bool operator==(const Item&) const = default;
  };
  class Iterator;

  void add(std::string_view name, std::string_view value);
  bool empty() const { return blocks_.empty(); }
  Iterator begin() const;
  Iterator end() const;

 private:
  std::vector<std::string> blocks_;  // a block never grows beyond what it was made for
};

class DetailList::Iterator {
 public:
  Iterator(const std::vector<std::string>& blocks, std::size_t block)
      : blocks_(&blocks), block_(block) {}
  Item operator*() const;
  Iterator& operator++();
  bool operator==(const Iterator&) const = default;

 private:
  const std::vector<std::string>* blocks_;
  std::size_t block_;
  std::size_t offset_ = 0;
};

}  // namespace ibuild::builder
