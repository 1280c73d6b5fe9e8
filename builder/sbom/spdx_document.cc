#include "builder/sbom/spdx_document.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/digest.h"
#include "base/text.h"
#include "builder/sbom/license.h"

namespace ibuild::builder {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kImageId = "SPDXRef-Image";
constexpr const char* kDocumentId = "SPDXRef-DOCUMENT";
constexpr const char* kNothing = "NOASSERTION";
/// So many places of one package are told; npm repeats some hundreds of times.
constexpr std::size_t kMaxPaths = 10;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Letters, digits, "." and "-" alone.
std::string to_id(std::string_view text) {
  std::string id;
  for (const char c : text) {
    const bool is_allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '.' || c == '-';
    id += is_allowed ? c : '-';
  }
  return id;
}

std::string id_of(const Package& package) {
  const auto hash = base::sha256_of(package.url.str()).short_hex();
  return "SPDXRef-Package-" + package.url.type + "-" + to_id(package.url.name.substr(0, 80)) + "-" +
         hash;
}

std::string full_name(const Package& package) {
  const auto& url = package.url;
  const bool is_part = url.type == "npm" || url.type == "golang";
  return is_part && !url.name_space.empty() ? url.name_space + "/" + url.name : url.name;
}

bool names_group(const std::string& name) {
  constexpr std::array<std::string_view, 14> kWords = {
      "team",  "maintainers", "developers", "project", " group", "foundation",  "community",
      " inc.", " inc",        " llc",       " ltd",    " gmbh",  "corporation", "opensuse"};
  const auto lower = base::to_lower(name);
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

/// "Person: Name (mail)", as clause 7.5 has it. Nobody says here whether it is a person.
std::string supplier(const std::string& text) {
  if (text.empty()) return kNothing;
  const auto open = text.find(" <");
  const auto close = text.find('>', open == std::string::npos ? 0 : open);
  const bool has_mail = open != std::string::npos && close != std::string::npos;
  auto name = has_mail ? text.substr(0, open) : text;
  const char* kind = names_group(name) ? "Organization: " : "Person: ";
  if (has_mail) name += " (" + text.substr(open + 2, close - open - 2) + ")";
  return kind + name;
}

bool is_url(const std::string& text) {
  return (text.starts_with("http://") || text.starts_with("https://")) &&
         text.find_first_of(" \t\n<>\"") == std::string::npos;
}

std::string places(const std::set<std::string>& paths) {
  std::string text = "found in";
  std::size_t told = 0;
  for (const auto& path : paths) {
    if (told++ == kMaxPaths) break;
    text += (told == 1 ? " " : ", ") + path;
  }
  if (paths.size() > kMaxPaths)
    text += " and " + std::to_string(paths.size() - kMaxPaths) + " more places";
  return text;
}

Json package_json(const Package& package, LicenseTerms& licenses) {
  Json json;
  json["name"] = full_name(package);
  json["SPDXID"] = id_of(package);
  if (!package.url.version.empty()) json["versionInfo"] = package.url.version;
  json["supplier"] = supplier(package.supplier);
  json["downloadLocation"] = kNothing;
  json["filesAnalyzed"] = false;
  if (is_url(package.homepage)) json["homepage"] = package.homepage;
  json["sourceInfo"] = places(package.paths);
  json["licenseConcluded"] = kNothing;
  json["licenseDeclared"] = licenses.expression(package.license);
  json["copyrightText"] = kNothing;
  Json reference = {{"referenceCategory", "PACKAGE-MANAGER"}, {"referenceType", "purl"}};
  reference["referenceLocator"] = package.url.str();
  json["externalRefs"].push_back(std::move(reference));
  return json;
}

Json image_json(const SpdxFacts& facts) {
  Json json;
  json["name"] = facts.name;
  json["SPDXID"] = kImageId;
  json["downloadLocation"] = kNothing;
  json["filesAnalyzed"] = false;
  json["licenseConcluded"] = kNothing;
  json["licenseDeclared"] = kNothing;
  json["copyrightText"] = kNothing;
  json["primaryPackagePurpose"] = "CONTAINER";
  return json;
}

Json relationship(const std::string& from, const char* type, const std::string& to) {
  Json json = {{"spdxElementId", from}, {"relationshipType", type}};
  json["relatedSpdxElement"] = to;
  return json;
}

Json explained(const LicenseTerms& licenses) {
  Json list = Json::array();
  for (const auto& [id, text] : licenses.own()) {
    Json json = {{"licenseId", id}, {"extractedText", text}};
    json["name"] = text;
    json["comment"] = "what the package calls its licence";
    list.push_back(std::move(json));
  }
  return list;
}

std::string seconds_of(base::TimePoint time) {
  return base::format_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
}

}  // namespace

std::string to_spdx_json(const SpdxFacts& facts) {
  Json document;
  document["spdxVersion"] = "SPDX-2.3";
  document["dataLicense"] = "CC0-1.0";
  document["SPDXID"] = kDocumentId;
  document["name"] = facts.name;
  document["documentNamespace"] = "";  // its place among the members
  document["creationInfo"]["created"] = seconds_of(facts.created);
  document["creationInfo"]["creators"].push_back("Tool: " + facts.tool);
  if (!facts.list.gaps.empty())
    document["comment"] = "Not everything could be read:\n" + base::join(facts.list.gaps, "\n");

  LicenseTerms licenses;
  Json packages = Json::array();
  Json relationships = Json::array();
  packages.push_back(image_json(facts));
  relationships.push_back(relationship(kDocumentId, "DESCRIBES", kImageId));
  for (const auto& package : facts.list.packages) {
    relationships.push_back(relationship(kImageId, "CONTAINS", id_of(package)));
    packages.push_back(package_json(package, licenses));
  }
  document["packages"] = std::move(packages);
  if (!licenses.own().empty()) document["hasExtractedLicensingInfos"] = explained(licenses);
  document["relationships"] = std::move(relationships);

  const auto digest = base::sha256_of(dump(document));
  document["documentNamespace"] = "https://spdx.org/spdxdocs/" + to_id(facts.name) + "-" +
                                  std::string(digest.hex().substr(0, 32));
  return dump(document);
}

}  // namespace ibuild::builder
