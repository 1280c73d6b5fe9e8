#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/chunked_list.h"
#include "builder/tree/file_facts.h"

namespace ibuild::builder {

/// Facts of files by their identity. There may be very many: each takes less than a hundred bytes.
/// Not for several threads at once.
class FileFactsTable {
 public:
  /// What is known of the file already is replaced.
  void put(const FileIdentity& identity, const FileFacts& facts);
  std::optional<FileFacts> find(const FileIdentity& identity) const;
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  void clear();

  /// All places, in the order of identities.
  std::vector<std::uint32_t> sorted() const;
  const FileIdentity& identity(std::uint32_t place) const { return entries_[place].identity; }
  FileFacts facts(std::uint32_t place) const;

 private:
  struct Entry {
    FileIdentity identity;
    std::array<char, base::Sha256Value::kBytes> content;
    std::uint32_t capability;  // in capabilities_; kNone: there is none
  };

  /// The slot that holds the place of `identity`, or would hold it.
  std::size_t slot_of(const FileIdentity& identity) const;
  void make_room();

  base::ChunkedList<Entry> entries_;
  std::vector<std::uint32_t> slots_;  // places by hash; kNone: free. A power of two, never full.
  std::vector<std::string> capabilities_;
};

}  // namespace ibuild::builder
