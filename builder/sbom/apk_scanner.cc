#include "builder/sbom/apk_scanner.h"

#include "base/text.h"
#include "builder/sbom/field_stanzas.h"

namespace ibuild::builder {

namespace {

// It has a line for every file of every package.
constexpr std::uint64_t kMaxBytes = 128 << 20;

bool wants(std::string_view path, const layers::LayerEntry&) {
  return path == "lib/apk/db/installed" || path == "usr/lib/apk/db/installed";
}

/// One record of "X:value" lines, whose letters are told apart by case.
class Record {
 public:
  void take(std::string_view line) {
    if (line.size() < 2 || line[1] != ':') return;
    const auto value = std::string(line.substr(2));
    switch (line[0]) {
      case 'P':
        name_ = value;
        break;
      case 'V':
        version_ = value;
        break;
      case 'A':
        architecture_ = value;
        break;
      case 'L':
        license_ = value;
        break;
      case 'o':
        origin_ = value;
        break;
      case 'm':
        maintainer_ = value;
        break;
      case 'U':
        homepage_ = value;
        break;
      default:
        break;  // files, checksums, dependencies
    }
  }

  bool empty() const { return name_.empty(); }

  Package take_package(const OsRelease& os) {
    Package package;
    package.url = {.type = "apk",
                   .name_space = os.id.empty() ? "alpine" : os.id,
                   .name = base::to_lower(name_),
                   .version = version_,
                   .qualifiers = {{"arch", architecture_}, {"distro", os.distro()}}};
    if (origin_ != name_) package.origin = origin_;
    package.url.qualifiers["upstream"] = package.origin;
    package.license = license_;
    package.supplier = maintainer_;
    package.homepage = homepage_;
    *this = {};
    return package;
  }

 private:
  std::string name_, version_, architecture_, license_, origin_, maintainer_, homepage_;
};

void scan(const ScannedFile& file, PackageList& list) {
  const auto text = file.read(kMaxBytes);
  Record record;
  for (const auto line : base::split(text, '\n')) {
    if (!line.empty()) {
      record.take(line);
    } else if (!record.empty()) {
      list.add(record.take_package(file.os));
    }
  }
  if (!record.empty()) list.add(record.take_package(file.os));
}

}  // namespace

const PackageScanner kApkScanner{"apk", wants, scan};

}  // namespace ibuild::builder
