#include "builder/sbom/sqlite_pages.h"

#include <string_view>

#include "base/error.h"
#include "builder/sbom/byte_numbers.h"

namespace ibuild::builder {

namespace {

using std::string_view_literals::operator""sv;

constexpr std::uint64_t kHeaderBytes = 100;
constexpr std::uint64_t kLogHeaderBytes = 32;
constexpr std::uint64_t kFrameHeaderBytes = 24;
constexpr std::uint64_t kLogMagic = 0x377f0682;  // or one more
constexpr std::uint64_t kLogVersion = 3'007'000;

std::uint64_t page_size_of(std::uint64_t field) { return field == 1 ? 64 << 10 : field; }

/// The running checksum over the log: two sums that go by each other.
struct LogChecksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  void add(std::string_view bytes, ByteOrder order) {
    const ByteNumbers numbers(bytes, order);
    for (std::uint64_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += static_cast<std::uint32_t>(numbers.at(at, 4)) + second;
      second += static_cast<std::uint32_t>(numbers.at(at + 4, 4)) + first;
    }
  }
  bool is(const ByteNumbers& numbers, std::uint64_t at) const {
    return numbers.at(at, 4) == first && numbers.at(at + 4, 4) == second;
  }
};

}  // namespace

SqlitePages::SqlitePages(FileWindow& file, FileWindow* log) : file_(file), log_(log) {
  const auto header = file.read(0, kHeaderBytes);
  if (!header.starts_with("SQLite format 3\0"sv))
    throw base::ContentError("it is no SQLite database");
  const ByteNumbers numbers(header, ByteOrder::big);
  page_bytes_ = page_size_of(numbers.at(16, 2));
  const bool is_power = (page_bytes_ & (page_bytes_ - 1)) == 0;
  if (page_bytes_ < 512 || !is_power) throw base::ContentError("it is no SQLite database");
  usable_bytes_ = page_bytes_ - numbers.at(20, 1);
  if (usable_bytes_ < 480) throw base::ContentError("it is no SQLite database");
  if (log_ != nullptr) read_log();
}

std::uint64_t SqlitePages::max_pages() const {
  return (file_.size() + (log_ == nullptr ? 0 : log_->size())) / page_bytes_;
}

std::string SqlitePages::page(std::uint64_t number) {
  if (number == 0) throw base::ContentError("a page points to none");
  if (const auto found = newer_.find(number); found != newer_.end())
    return log_->read(found->second, page_bytes_);
  return file_.read((number - 1) * page_bytes_, page_bytes_);
}

// What was written but not committed, and what is left of logs before, does not count.
void SqlitePages::read_log() {
  if (log_->size() < kLogHeaderBytes) return;
  const auto header = log_->read(0, kLogHeaderBytes);
  const ByteNumbers head(header, ByteOrder::big);
  const auto magic = head.at(0, 4);
  if ((magic & ~std::uint64_t{1}) != kLogMagic || head.at(4, 4) != kLogVersion) return;
  if (page_size_of(head.at(8, 4)) != page_bytes_) return;
  const auto order = (magic & 1) != 0 ? ByteOrder::big : ByteOrder::little;
  LogChecksum sum;
  sum.add(std::string_view(header).substr(0, 24), order);
  if (!sum.is(head, 24)) return;

  std::map<std::uint64_t, std::uint64_t> pending;
  const auto frame_bytes = kFrameHeaderBytes + page_bytes_;
  for (auto at = kLogHeaderBytes; at + frame_bytes <= log_->size(); at += frame_bytes) {
    const auto frame = log_->read(at, frame_bytes);
    const ByteNumbers numbers(frame, ByteOrder::big);
    if (numbers.at(8, 8) != head.at(16, 8)) return;  // of another log
    sum.add(std::string_view(frame).substr(0, 8), order);
    sum.add(std::string_view(frame).substr(kFrameHeaderBytes), order);
    if (!sum.is(numbers, 16)) return;
    pending[numbers.at(0, 4)] = at + kFrameHeaderBytes;
    if (numbers.at(4, 4) == 0) continue;
    for (const auto& [page, offset] : pending) newer_[page] = offset;  // a commit
    pending.clear();
  }
}

}  // namespace ibuild::builder
