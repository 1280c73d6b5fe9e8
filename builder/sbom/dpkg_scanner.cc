#include "builder/sbom/dpkg_scanner.h"

#include "base/text.h"
#include "builder/sbom/debian_copyright.h"
#include "builder/sbom/field_stanzas.h"

namespace ibuild::builder {

namespace {

// That of a desktop with 4,000 packages has 6 MB.
constexpr std::uint64_t kMaxBytes = 128 << 20;
constexpr std::uint64_t kMaxCopyrightBytes = 1 << 20;

bool wants(std::string_view path, const layers::LayerEntry&) {
  constexpr std::string_view kFolder = "var/lib/dpkg/status.d/";
  if (path == "var/lib/dpkg/status") return true;
  return path.starts_with(kFolder) && path.find('/', kFolder.size()) == std::string_view::npos &&
         !path.ends_with(".md5sums");
}

/// "install ok installed": wanted, error, state. Files of status.d have no status.
bool is_installed(const std::string& status) {
  if (status.empty()) return true;
  const auto words = base::split(status, ' ');
  const auto state = words.back();
  return state != "not-installed" && state != "config-files";
}

/// "glibc (2.36-9)" → "glibc@2.36-9"
std::string origin_of(const std::string& source) {
  const auto open = source.find(" (");
  if (open == std::string::npos) return source;
  const auto close = source.find(')', open);
  return source.substr(0, open) + "@" + source.substr(open + 2, close - open - 2);
}

/// Empty where its copyright file is missing, too large or not clear.
std::string license_of(const std::string& package, const ImageFiles& files) {
  const auto file = files.find("usr/share/doc/" + package + "/copyright");
  if (!file || file->entry->size_bytes > kMaxCopyrightBytes) return {};
  return license_of_copyright(files.read(*file, kMaxCopyrightBytes));
}

void scan(const ScannedFile& file, PackageList& list) {
  const auto text = file.read(kMaxBytes);
  for_each_stanza(
      text, {"package", "status", "version", "architecture", "source", "maintainer", "homepage"},
      [&](const Fields& fields) {
        const auto& name = field(fields, "package");
        if (name.empty() || !is_installed(field(fields, "status"))) return;
        Package package;
        package.url = {
            .type = "deb",
            .name_space = file.os.id.empty() ? "debian" : file.os.id,
            .name = base::to_lower(name),
            .version = field(fields, "version"),
            .qualifiers = {{"arch", field(fields, "architecture")}, {"distro", file.os.distro()}}};
        package.origin = origin_of(field(fields, "source"));
        package.url.qualifiers["upstream"] = package.origin;
        package.supplier = field(fields, "maintainer");
        package.homepage = field(fields, "homepage");
        package.license = license_of(name, file.files);
        list.add(std::move(package));
      });
}

}  // namespace

const PackageScanner kDpkgScanner{"dpkg", wants, scan};

}  // namespace ibuild::builder
