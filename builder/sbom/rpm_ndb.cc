#include "base/error.h"
#include "base/text.h"
#include "builder/sbom/byte_numbers.h"
#include "builder/sbom/rpm_databases.h"

namespace ibuild::builder {

namespace {

constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t kSlotBytes = 16;
constexpr std::uint64_t kHeaderBytes = 32;
constexpr std::uint64_t kBlockBytes = 16;
constexpr std::uint64_t kRecordHeadBytes = 16;

void visit_slot(FileWindow& file, std::string_view slot, RecordBudget& budget,
                const RecordVisitor& visit) {
  if (!slot.starts_with("Slot")) throw base::ContentError("a slot of the package database is none");
  const ByteNumbers numbers(slot, ByteOrder::little);
  const auto package = numbers.at(4, 4);
  const auto offset = numbers.at(8, 4) * kBlockBytes;
  if (offset == 0) return;  // free
  const auto head = file.read(offset, kRecordHeadBytes);
  const ByteNumbers record(head, ByteOrder::little);
  if (!head.starts_with("BlbS") || record.at(4, 4) != package)
    throw base::ContentError("a package's record is not where its slot says");
  const auto size = record.at(12, 4);
  budget.take(size);
  visit(file.read(offset + kRecordHeadBytes, size));
}

}  // namespace

void RecordBudget::take(std::uint64_t record_bytes) {
  if (record_bytes > kMaxRecordBytes)
    throw base::ContentError("a package's record of " + base::human_bytes(record_bytes));
  if (record_bytes > left_bytes_)
    throw base::ContentError("its records are larger than the database");
  left_bytes_ -= record_bytes;
}

void read_rpm_ndb(FileWindow& file, const RecordVisitor& visit) {
  const auto header = file.read(0, kHeaderBytes);
  const ByteNumbers numbers(header, ByteOrder::little);
  if (!header.starts_with("RpmP")) throw base::ContentError("it is no package database of rpm");
  if (const auto version = numbers.at(4, 4); version != 0)
    throw base::ContentError("package database of version " + std::to_string(version));
  RecordBudget budget(file.size());
  const auto end = numbers.at(12, 4) * kPageBytes;
  for (std::uint64_t at = kHeaderBytes; at < end; at += kSlotBytes)
    visit_slot(file, file.read(at, kSlotBytes), budget, visit);
}

}  // namespace ibuild::builder
