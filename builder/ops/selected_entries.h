#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/chunked_list.h"
#include "builder/tree/source_tree.h"

namespace ibuild::builder {

/// A file or directory that a source brings, below its root.
struct SelectedEntry {
  SourceFile file;  // its path begins with that of the source's root
  /// False for a directory that no pattern picks, but something in it: it is made when it is
  /// missing and left alone else.
  bool picked = true;
};

/// What a directory brings, in walk order. There may be very many: each takes less than a
/// hundred bytes here, and is made from them whenever somebody looks at it. For any thread once it
/// is complete.
class SelectedEntries {
 public:
  class Iterator;

  /// Its identity is not kept: who asks for that has the file's content by now.
  void add(const SelectedEntry& entry);
  std::size_t size() const { return records_.size(); }
  bool empty() const { return records_.empty(); }
  SelectedEntry operator[](std::size_t place) const;
  /// Parts of an entry's path.
  const base::RelPath& directory(std::size_t place) const {
    return directories_[records_[place].directory];
  }
  std::string_view name(std::size_t place) const;
  Iterator begin() const;
  Iterator end() const;

 private:
  struct Record {
    std::uint64_t size_bytes;
    std::int64_t mtime_ns;
    std::array<char, base::Sha256Value::kBytes> content;
    std::uint32_t name_end;  // in names_; it begins where the one before ends
    std::uint32_t directory;
    std::uint32_t owner;
    std::uint32_t place;  // kNone: in no image
    std::uint32_t extra;  // kNone: none
    std::uint16_t mode;
    layers::EntryType type : 6;
    bool picked : 1;
    bool has_content : 1;
  };
  static_assert(sizeof(Record) == 72);
  struct OwnerIds {
    std::uint32_t uid;
    std::uint32_t gid;
    bool operator==(const OwnerIds&) const = default;
  };
  /// Where a file of an image lies.
  struct ImagePlace {
    const layers::LayerEntry* origin;
    std::size_t layer;
  };
  /// What only few have.
  struct Extra {
    std::string link_target;
    std::uint32_t device_major = 0;
    std::uint32_t device_minor = 0;
    std::vector<base::Xattr> xattrs;
    std::optional<LinkKey> link;
  };

  std::uint32_t owner_place(const layers::LayerEntry& entry);

  base::ChunkedList<Record> records_;
  std::string names_;  // one after the other
  std::vector<base::RelPath> directories_;
  std::vector<OwnerIds> owners_;  // a new one where it is not that of the entry before
  base::ChunkedList<ImagePlace> places_;
  std::vector<Extra> extras_;
};

class SelectedEntries::Iterator {
 public:
  Iterator(const SelectedEntries& list, std::size_t place) : list_(&list), place_(place) {}
  SelectedEntry operator*() const { return (*list_)[place_]; }
  Iterator& operator++() {
    ++place_;
    return *this;
  }
  bool operator==(const Iterator&) const = default;

 private:
  const SelectedEntries* list_;
  std::size_t place_;
};

/// Says where a file of a source is described, or that there is none. What it refers to must
/// outlive it.
class SourceRef {
 public:
  SourceRef() = default;
  explicit SourceRef(const SourceFile& file) : file_(&file) {}
  SourceRef(const SelectedEntries& list, std::size_t place) : list_(&list), place_(place) {}

  explicit operator bool() const { return file_ != nullptr || list_ != nullptr; }
  /// Requires: there is one.
  SourceFile load() const { return file_ != nullptr ? *file_ : (*list_)[place_].file; }

 private:
  const SourceFile* file_ = nullptr;
  const SelectedEntries* list_ = nullptr;
  std::size_t place_ = 0;
};

}  // namespace ibuild::builder
