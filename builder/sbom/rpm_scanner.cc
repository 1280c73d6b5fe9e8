#include "builder/sbom/rpm_scanner.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "builder/sbom/rpm_databases.h"
#include "builder/sbom/rpm_header.h"

namespace ibuild::builder {

namespace {

// Of a desktop with 5,000 packages it has some hundreds of MB.
constexpr std::uint64_t kMaxDatabaseBytes = std::uint64_t{2} << 30;
constexpr std::string_view kSqlite = "rpmdb.sqlite", kNdb = "Packages.db", kBdb = "Packages";

/// "var/lib/rpm/Packages" → "Packages", in a folder where rpm keeps its database.
std::string_view database_name(std::string_view path) {
  constexpr std::array<std::string_view, 3> kFolders = {"usr/lib/sysimage/rpm/", "var/lib/rpm/",
                                                        "usr/share/rpm/"};
  for (const auto folder : kFolders) {
    if (path.starts_with(folder)) return path.substr(folder.size());
  }
  return {};
}

bool wants(std::string_view path, const layers::LayerEntry& entry) {
  const auto name = database_name(path);
  return entry.size_bytes > 0 && (name == kSqlite || name == kNdb || name == kBdb);
}

/// As purl's type has it.
std::string name_space(const OsRelease& os) {
  if (os.id == "rhel") return "redhat";
  return os.id.starts_with("opensuse") ? "opensuse" : os.id;
}

Package make_package(const RpmHeader& header, const OsRelease& os) {
  Package package;
  package.url = {.type = "rpm",
                 .name_space = name_space(os),
                 .name = header.name,
                 .version = header.version_release(),
                 .qualifiers = {{"arch", header.arch},
                                {"distro", os.distro()},
                                {"epoch", header.epoch},
                                {"upstream", header.source_rpm}}};
  package.origin = header.source_rpm;
  package.license = header.license;
  package.supplier = header.vendor.empty() ? header.packager : header.vendor;
  package.homepage = header.url;
  return package;
}

FileWindow window_of(const ImageFiles& files, const ImageFiles::Node& node) {
  if (node.entry->size_bytes > kMaxDatabaseBytes)
    throw base::ContentError("a database of " + base::human_bytes(node.entry->size_bytes));
  return {[&files, node](std::uint64_t offset) { return files.open(node, offset); },
          node.entry->size_bytes};
}

void scan(const ScannedFile& file, PackageList& list) {
  const auto add = [&](const std::string& record) {
    const auto header = parse_rpm_header(record);
    // Keys that signed packages are kept as packages.
    if (header && header->name != "gpg-pubkey") list.add(make_package(*header, file.os));
  };
  auto window = window_of(file.files, file.node);
  const auto name = database_name(file.path());
  if (name == kNdb) return read_rpm_ndb(window, add);
  if (name == kBdb) return read_rpm_bdb(window, add);
  const auto log_file = file.files.find(file.path() + "-wal");
  if (!log_file) return read_rpm_sqlite(window, nullptr, add);
  auto log = window_of(file.files, *log_file);
  read_rpm_sqlite(window, &log, add);
}

}  // namespace

const PackageScanner kRpmScanner{"rpm", wants, scan};

}  // namespace ibuild::builder
