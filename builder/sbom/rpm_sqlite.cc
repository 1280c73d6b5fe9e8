#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "builder/sbom/byte_numbers.h"
#include "builder/sbom/rpm_databases.h"
#include "builder/sbom/sqlite_pages.h"

namespace ibuild::builder {

namespace {

constexpr std::uint64_t kFirstPageSkip = 100;  // the file's header lies before the first page's
constexpr std::uint64_t kLeaf = 13, kInterior = 5;
constexpr int kMaxDepth = 20;  // with a fan-out of two, a million pages
constexpr std::uint64_t kMaxColumns = 100;

/// Reads bytes front to back.
class Cursor {
 public:
  Cursor(std::string_view bytes, std::uint64_t at) : bytes_(bytes), at_(at) {}
  std::uint64_t at() const { return at_; }
  /// Seven bits a byte, at most nine bytes, of which the last one counts whole.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int i = 0; i < 9; ++i) {
      if (at_ >= bytes_.size()) throw base::ContentError("a number ends in the middle");
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      if (i == 8) return value << 8 | byte;
      value = value << 7 | (byte & 0x7fU);
      if ((byte & 0x80U) == 0) break;
    }
    return value;
  }

 private:
  std::string_view bytes_;
  std::uint64_t at_;
};

/// The values of a record as they lie there; numbers are big-endian.
std::vector<std::string_view> columns_of(std::string_view record) {
  Cursor header(record, 0);
  const auto header_bytes = header.varint();
  if (header_bytes > record.size()) throw base::ContentError("a row is larger than its record");
  std::vector<std::string_view> columns;
  std::string_view left = record.substr(header_bytes);
  while (header.at() < header_bytes && columns.size() < kMaxColumns) {
    constexpr std::uint64_t kNumberBytes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
    const auto type = header.varint();
    const auto size = type < 12 ? kNumberBytes[type] : (type - 12) / 2;
    if (size > left.size()) throw base::ContentError("a row is larger than its record");
    columns.push_back(left.substr(0, size));
    left.remove_prefix(size);
  }
  return columns;
}

/// Goes through tables, row by row.
class TableReader {
 public:
  using RowVisitor = std::function<void(const std::vector<std::string_view>& columns)>;

  explicit TableReader(SqlitePages& pages)
      : pages_(pages), budget_(pages.max_pages() * pages.page_bytes()) {}

  void read(std::uint64_t root_page, const RowVisitor& visit) { read_page(root_page, visit, 0); }

 private:
  void read_page(std::uint64_t number, const RowVisitor& visit, int depth) {
    if (depth > kMaxDepth || !seen_.insert(number).second)
      throw base::ContentError("its pages point to each other");
    const auto bytes = pages_.page(number);
    const ByteNumbers numbers(bytes, ByteOrder::big);
    const auto head = number == 1 ? kFirstPageSkip : 0;
    const auto type = numbers.at(head, 1);
    if (type != kLeaf && type != kInterior) throw base::ContentError("a page is none of a table");
    const auto count = numbers.at(head + 3, 2);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto cell = numbers.at(head + (type == kLeaf ? 8 : 12) + 2 * i, 2);
      if (type == kLeaf) {
        read_row(bytes, cell, visit);
      } else {
        read_page(numbers.at(cell, 4), visit, depth + 1);
      }
    }
    if (type == kInterior) read_page(numbers.at(head + 8, 4), visit, depth + 1);
  }

  void read_row(const std::string& page, std::uint64_t cell, const RowVisitor& visit) {
    Cursor cursor(page, cell);
    const auto size = cursor.varint();
    cursor.varint();  // the row's number
    budget_.take(size);
    const auto usable = pages_.usable_bytes();
    const auto largest = usable - 35;
    auto here = size;
    if (size > largest) {
      const auto least = (usable - 12) * 32 / 255 - 23;
      const auto fitting = least + (size - least) % (usable - 4);
      here = fitting <= largest ? fitting : least;
    }
    if (cursor.at() + here > page.size()) throw base::ContentError("a row ends in the middle");
    auto record = page.substr(cursor.at(), here);
    auto next = here == size ? 0 : ByteNumbers(page, ByteOrder::big).at(cursor.at() + here, 4);
    while (record.size() < size) {
      const auto more = pages_.page(next);
      record.append(more, 4, std::min(size - record.size(), usable - 4));
      next = ByteNumbers(more, ByteOrder::big).at(0, 4);
    }
    visit(columns_of(record));
  }

  SqlitePages& pages_;
  RecordBudget budget_;
  std::unordered_set<std::uint64_t> seen_;
};

std::uint64_t root_page_of(TableReader& reader, std::string_view table) {
  std::uint64_t root = 0;
  reader.read(1, [&](const std::vector<std::string_view>& columns) {
    // type, name, table, root page, SQL
    if (columns.size() < 4 || columns[0] != "table" || columns[1] != table) return;
    root = ByteNumbers(columns[3], ByteOrder::big).at(0, static_cast<int>(columns[3].size()));
  });
  if (root == 0) throw base::ContentError("it has no table \"" + std::string(table) + "\"");
  return root;
}

}  // namespace

void read_rpm_sqlite(FileWindow& file, FileWindow* log, const RecordVisitor& visit) {
  SqlitePages pages(file, log);
  TableReader reader(pages);
  reader.read(root_page_of(reader, "Packages"), [&](const std::vector<std::string_view>& columns) {
    if (columns.size() > 1) visit(std::string(columns[1]));  // the first one is its number
  });
}

}  // namespace ibuild::builder
