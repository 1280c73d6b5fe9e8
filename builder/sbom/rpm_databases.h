#pragma once

#include <functional>
#include <optional>
#include <string>

#include "builder/sbom/file_window.h"

namespace ibuild::builder {

/// Takes the bytes of one record.
using RecordVisitor = std::function<void(const std::string& bytes)>;

/// The records of rpm's databases, in its three formats: whole headers of packages, and of Berkeley
/// DB a few bytes that are none. All numbers in them may be hostile: no record is larger than
/// kMaxRecordBytes, all of them together not larger than the file, and none is read in a circle.
/// Throw: base::ContentError for what is damaged; records before it have been visited.

/// rpmdb.sqlite: the column "blob" of the table "Packages". `log` is what lies beside it as
/// "…-wal", if that is there: changes that are not in the file yet.
/// See: sqlite.org/fileformat2.html.
void read_rpm_sqlite(FileWindow& file, FileWindow* log, const RecordVisitor& visit);
/// Packages.db. See: rpm's lib/backend/ndb/rpmpkg.c.
void read_rpm_ndb(FileWindow& file, const RecordVisitor& visit);
/// Packages, a hash of Berkeley DB. See: Berkeley DB's dbinc/db_page.h.
void read_rpm_bdb(FileWindow& file, const RecordVisitor& visit);

inline constexpr std::uint64_t kMaxRecordBytes = 64 << 20;

/// What is left of a database to be read.
class RecordBudget {
 public:
  explicit RecordBudget(std::uint64_t file_bytes) : left_bytes_(file_bytes) {}
  /// Throws: ContentError for a record that cannot be.
  void take(std::uint64_t record_bytes);

 private:
  std::uint64_t left_bytes_;
};

}  // namespace ibuild::builder
