#include "builder/sbom/python_scanner.h"

#include <algorithm>

#include "base/text.h"
#include "builder/sbom/field_stanzas.h"

namespace ibuild::builder {

namespace {

// With the description, which may be a whole README.
constexpr std::uint64_t kMaxBytes = 8 << 20;

bool wants(std::string_view path, const layers::LayerEntry&) {
  return path.ends_with(".dist-info/METADATA") || path.ends_with(".egg-info/PKG-INFO") ||
         path.ends_with(".egg-info");
}

/// As the purl type has it: lower case, underscores as dashes.
std::string normal_name(const std::string& name) {
  auto normal = base::to_lower(name);
  std::replace(normal.begin(), normal.end(), '_', '-');
  return normal;
}

/// The last part of "Classifier: License :: OSI Approved :: MIT License"; empty where none or
/// several are given.
std::string classified_license(std::string_view text) {
  constexpr std::string_view kBeginning = "Classifier: License :: ";
  std::string license;
  for (auto line : base::split(text, '\n')) {
    line = base::trim(line);
    if (line.empty()) break;  // the description follows
    if (!line.starts_with(kBeginning)) continue;
    line.remove_prefix(kBeginning.size() - 4);  // with " :: "
    const auto name = line.substr(line.rfind(" :: ") + 4);
    if (name == "OSI Approved") continue;
    if (!license.empty()) return {};
    license = name;
  }
  return license;
}

/// A licence is a word or an expression; some write its whole text there, or classify it alone.
std::string license_of(const Fields& fields, std::string_view text) {
  const auto& expression = field(fields, "license-expression");
  if (!expression.empty()) return expression;
  const auto& license = field(fields, "license");
  const bool is_name = license.find('\n') == std::string::npos && license != "UNKNOWN";
  return is_name && !license.empty() ? license : classified_license(text);
}

std::string known(const std::string& text) { return text == "UNKNOWN" ? "" : text; }

std::string supplier_of(const Fields& fields) {
  const auto author = known(field(fields, "author"));
  const auto mail = known(field(fields, "author-email"));
  if (author.empty() || mail.empty()) return author.empty() ? mail : author;
  return mail.find('<') == std::string::npos ? author + " <" + mail + ">" : mail;
}

void scan(const ScannedFile& file, PackageList& list) {
  const auto text = file.read(kMaxBytes);
  const auto fields = first_stanza(text, {"name", "version", "license-expression", "license",
                                          "author", "author-email", "home-page"});
  if (field(fields, "name").empty()) return;
  Package package;
  package.url = {.type = "pypi",
                 .name = normal_name(field(fields, "name")),
                 .version = field(fields, "version")};
  package.license = license_of(fields, text);
  package.supplier = supplier_of(fields);
  package.homepage = known(field(fields, "home-page"));
  list.add(std::move(package));
}

}  // namespace

const PackageScanner kPythonScanner{"python", wants, scan};

}  // namespace ibuild::builder
