#include <algorithm>

#include "base/error.h"
#include "builder/sbom/byte_numbers.h"
#include "builder/sbom/rpm_databases.h"

namespace ibuild::builder {

namespace {

constexpr std::uint64_t kHashMagic = 0x061561;
constexpr std::uint64_t kMetaBytes = 72;
constexpr std::uint64_t kPageHeadBytes = 26;
constexpr int kHashMetaPage = 8, kUnsortedHashPage = 2, kHashPage = 13, kOverflowPage = 7;
constexpr unsigned char kInPage = 1, kOffPage = 3;

/// Pages of one database.
class HashFile {
 public:
  HashFile(FileWindow& file, const RecordVisitor& visit)
      : file_(file), visit_(visit), budget_(file.size()) {
    const auto meta = file.read(0, kMetaBytes);
    if (ByteNumbers(meta, ByteOrder::big).at(12, 4) == kHashMagic) {
      order_ = ByteOrder::big;
    } else if (ByteNumbers(meta, ByteOrder::little).at(12, 4) != kHashMagic) {
      throw base::ContentError("it is no hash of Berkeley DB");
    }
    const ByteNumbers numbers(meta, order_);
    page_bytes_ = numbers.at(20, 4);
    if (page_bytes_ < 512 || page_bytes_ > 64 << 10 || numbers.at(25, 1) != kHashMetaPage)
      throw base::ContentError("it is no hash of Berkeley DB");
    if (numbers.at(24, 1) != 0) throw base::ContentError("it is encrypted");
    last_page_ = numbers.at(32, 4);
    overflow_pages_left_ = file.size() / page_bytes_;
  }

  void read() {
    for (std::uint64_t number = 1; number <= last_page_; ++number) {
      const auto bytes = page(number);
      const auto type = ByteNumbers(bytes, order_).at(25, 1);
      if (type == kHashPage || type == kUnsortedHashPage) read_hash_page(bytes);
    }
  }

 private:
  std::string page(std::uint64_t number) { return file_.read(number * page_bytes_, page_bytes_); }

  /// Keys and values take turns; each begins where its number says and ends where the one before
  /// begins.
  void read_hash_page(const std::string& bytes) {
    const ByteNumbers numbers(bytes, order_);
    const auto count = numbers.at(20, 2);
    for (std::uint64_t i = 1; i < count; i += 2) {
      const auto begin = numbers.at(kPageHeadBytes + 2 * i, 2);
      const auto end = numbers.at(kPageHeadBytes + 2 * (i - 1), 2);
      if (begin >= end || end > bytes.size())
        throw base::ContentError("a page's table does not hold");
      const auto item = std::string_view(bytes).substr(begin, end - begin);
      if (static_cast<unsigned char>(item[0]) == kOffPage) {
        const ByteNumbers place(item, order_);
        read_record(place.at(4, 4), place.at(8, 4));
      } else if (static_cast<unsigned char>(item[0]) == kInPage) {
        budget_.take(item.size() - 1);
        visit_(std::string(item.substr(1)));
      }
    }
  }

  void read_record(std::uint64_t first_page, std::uint64_t size) {
    budget_.take(size);
    std::string record;
    for (auto number = first_page; record.size() < size;) {
      const auto bytes = page(number);
      const ByteNumbers numbers(bytes, order_);
      const auto filled = numbers.at(22, 2);
      if (overflow_pages_left_-- == 0) throw base::ContentError("records share pages");
      if (number == 0 || numbers.at(25, 1) != kOverflowPage || filled == 0 ||
          filled > bytes.size() - kPageHeadBytes)
        throw base::ContentError("a record goes on at a page that is none of it");
      record.append(bytes, kPageHeadBytes, std::min(filled, size - record.size()));
      number = numbers.at(16, 4);
    }
    visit_(record);
  }

  FileWindow& file_;
  const RecordVisitor& visit_;
  RecordBudget budget_;
  ByteOrder order_ = ByteOrder::little;
  std::uint64_t page_bytes_ = 0;
  std::uint64_t last_page_ = 0;
  std::uint64_t overflow_pages_left_ = 0;  // each belongs to one record
};

}  // namespace

void read_rpm_bdb(FileWindow& file, const RecordVisitor& visit) { HashFile(file, visit).read(); }

}  // namespace ibuild::builder
