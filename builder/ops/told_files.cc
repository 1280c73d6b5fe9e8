#include "builder/ops/told_files.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "layers/layer_entry.h"

namespace ibuild::builder {
namespace {

bool is_before(const base::RelPath& a, const base::RelPath& b) {
  return layers::compare_walk_order(a.str(), b.str()) < 0;
}

struct Ranked {
  const SelectedSource* source;
  std::size_t rank;  // the first source has the lowest
};

/// One source's files, one by one. A directory that is a source is none of them, as its mode and
/// owner do not count.
class Cursor {
 public:
  explicit Cursor(const Ranked& ranked) : source_(*ranked.source), rank_(ranked.rank) {
    if (source_.root.is_directory()) {
      next();
    } else {
      file_ = source_.root;
    }
  }
  bool at_end() const { return at_end_; }
  const SourceFile& file() const { return file_; }
  void next() {
    at_end_ = place_ == source_.entries.size();
    if (!at_end_) file_ = source_.entries[place_++].file;
  }
  /// For heaps: the first file's cursor is on top.
  static bool is_after(const std::unique_ptr<Cursor>& a, const std::unique_ptr<Cursor>& b) {
    const auto order = layers::compare_walk_order(a->file().path().str(), b->file().path().str());
    return order != 0 ? order > 0 : a->rank_ > b->rank_;
  }

 private:
  const SelectedSource& source_;
  std::size_t rank_;
  SourceFile file_;
  std::size_t place_ = 0;
  bool at_end_ = false;
};

/// The files of all sources in walk order. Mostly one source is open at a time: only those that lie
/// in each other overlap.
class MergedFiles {
 public:
  explicit MergedFiles(std::span<const SelectedSource* const> sources) {
    for (std::size_t i = 0; i < sources.size(); ++i) coming_.push_back({sources[i], i});
    std::sort(coming_.begin(), coming_.end(), [](const Ranked& a, const Ranked& b) {
      return is_before(b.source->root.path(), a.source->root.path());  // the first is at the back
    });
  }

  /// The next file; null at the end. Valid until the next call.
  const SourceFile* next() {
    if (!open_.empty()) {
      std::pop_heap(open_.begin(), open_.end(), Cursor::is_after);
      auto last = std::move(open_.back());
      open_.pop_back();
      last->next();
      put(std::move(last));
    }
    while (!coming_.empty() && may_be_next(*coming_.back().source)) {
      put(std::make_unique<Cursor>(coming_.back()));
      coming_.pop_back();
    }
    return open_.empty() ? nullptr : &open_.front()->file();
  }

 private:
  /// No file of a source is before its root.
  bool may_be_next(const SelectedSource& source) const {
    return open_.empty() || !is_before(open_.front()->file().path(), source.root.path());
  }
  void put(std::unique_ptr<Cursor> cursor) {
    if (cursor->at_end()) return;
    open_.push_back(std::move(cursor));
    std::push_heap(open_.begin(), open_.end(), Cursor::is_after);
  }

  std::vector<Ranked> coming_;
  std::vector<std::unique_ptr<Cursor>> open_;  // a heap
};

}  // namespace

void tell_files(std::span<const SelectedSource* const> sources, const TakeFile& take) {
  MergedFiles files(sources);
  std::string told;
  while (const SourceFile* file = files.next()) {
    const auto& path = file->path().str();
    if (path == told) continue;
    told = path;
    if (!take(path, fingerprint(*file))) return;
  }
}

}  // namespace ibuild::builder
