// See: maven.apache.org/shared/maven-archiver, "pom.properties"; the JAR file specification.
#include "builder/sbom/java_scanner.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/sbom/field_stanzas.h"
#include "layers/zip_reader.h"

namespace ibuild::builder {

namespace {

constexpr std::uint64_t kMaxBytes = 1 << 20;  // of one of the texts
constexpr std::size_t kMaxNameBytes = 4 << 10;
constexpr std::size_t kMaxHeld = 1000;  // packages of one archive at a time
constexpr int kMaxDepth = 3;            // an ear holds wars, which hold jars

bool is_archive(std::string_view path) {
  constexpr std::array<std::string_view, 5> kEndings = {".jar", ".war", ".ear", ".jpi", ".hpi"};
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](std::string_view ending) { return path.ends_with(ending); });
}

bool wants(std::string_view path, const layers::LayerEntry& entry) {
  return is_archive(path) && entry.size_bytes > 0;
}

/// "key=value" lines, '#' begins a comment.
Fields parse_properties(std::string_view text) {
  Fields fields;
  for (auto line : base::split(text, '\n')) {
    line = base::trim(line);
    const auto equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos) continue;
    fields.emplace(base::trim(line.substr(0, equals)), base::trim(line.substr(equals + 1)));
  }
  return fields;
}

/// The main section of a manifest; a line that begins with a blank goes on with the one before.
Fields parse_manifest(std::string_view text) {
  std::string joined;
  for (auto line : base::split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(' ') && !joined.empty()) {
      joined.pop_back();
      line.remove_prefix(1);
    }
    joined.append(line).append("\n");
  }
  return first_stanza(
      joined, {"implementation-title", "implementation-version", "bundle-name",
               "bundle-symbolicname", "bundle-version", "implementation-vendor", "bundle-license"});
}

const std::string& first_of(const Fields& fields, std::string_view one, std::string_view other) {
  const auto& value = field(fields, one);
  return value.empty() ? field(fields, other) : value;
}

std::optional<Package> maven_package(const std::string& properties) {
  const auto fields = parse_properties(properties);
  Package package;
  package.url = {.type = "maven",
                 .name_space = field(fields, "groupId"),
                 .name = field(fields, "artifactId"),
                 .version = field(fields, "version")};
  const auto is_name = [](const std::string& text) {
    return !text.empty() && text.size() <= kMaxNameBytes;
  };
  if (!is_name(package.url.name_space) || !is_name(package.url.name)) return std::nullopt;
  if (package.url.version.size() > kMaxNameBytes) return std::nullopt;
  return package;
}

/// The one that a manifest names, or none.
std::vector<Package> package_of(const Fields& manifest) {
  auto name = first_of(manifest, "bundle-symbolicname", "implementation-title");
  name = std::string(base::trim(name.substr(0, name.find(';'))));
  if (name.empty()) return {};
  Package package;
  package.url = {.type = "generic",
                 .name = name,
                 .version = first_of(manifest, "implementation-version", "bundle-version")};
  package.supplier = field(manifest, "implementation-vendor");
  return {package};
}

/// "Apache-2.0;link=…", or a URL; several are parted by commas.
std::string license_of(const Fields& manifest) {
  const auto& text = field(manifest, "bundle-license");
  return std::string(base::trim(text.substr(0, text.find(';'))));
}

/// Goes through an archive and those in it.
class ArchiveScan {
 public:
  ArchiveScan(std::string path, PackageList& list) : path_(std::move(path)), list_(list) {}

  /// `inner` is the path inside of the archives around it.
  void read(base::ByteSource& bytes, const std::string& inner, int depth) {
    layers::ZipReader zip(bytes, budget_);
    std::vector<Package> named;
    Fields manifest;
    while (const auto name = zip.next()) {
      if (list_.is_full()) return;
      if (name->size() > kMaxNameBytes) continue;
      if (name->starts_with("META-INF/maven/") && name->ends_with("/pom.properties")) {
        if (auto package = maven_package(text(zip))) named.push_back(*std::move(package));
        if (named.size() == kMaxHeld) add(named, inner);
      } else if (*name == "META-INF/MANIFEST.MF") {
        manifest = parse_manifest(text(zip));
      } else if (is_archive(*name)) {
        read_nested(zip.data(), inner + "!/" + *name, depth + 1);
      }
    }
    if (named.empty()) named = package_of(manifest);
    // What else is packed into an archive has licences of its own.
    if (named.size() == 1) named[0].license = license_of(manifest);
    add(named, inner);
  }

 private:
  static std::string text(layers::ZipReader& zip) {
    return base::read_all(zip.data(), kMaxBytes, "a text in META-INF");
  }

  /// What is damaged inside spoils nothing around it, unless that ends with it.
  void read_nested(base::ByteSource& bytes, const std::string& inner, int depth) {
    try {
      if (depth > kMaxDepth) throw base::ContentError("it lies too deep in other archives");
      read(bytes, inner, depth);
    } catch (const base::ContentError& error) {
      list_.add_gap("/" + path_ + inner + " (java): " + error.what());
    }
  }

  void add(std::vector<Package>& packages, const std::string& inner) {
    for (auto& package : packages) {
      package.paths = {"/" + path_ + inner};
      list_.add(std::move(package));
    }
    packages.clear();
  }

  std::string path_;
  PackageList& list_;
  layers::InflateBudget budget_;
};

void scan(const ScannedFile& file, PackageList& list) {
  const auto bytes = file.files.open(file.node);
  ArchiveScan(file.path(), list).read(*bytes, "", 0);
}

}  // namespace

const PackageScanner kJavaScanner{"java", wants, scan};

}  // namespace ibuild::builder
