// See: spdx.github.io/spdx-spec/v2.3, clauses 6, 7, 10 and 11, and the annexes D and F; its JSON
// schema says the same of members and their types.
#include "tests/support/spdx_check.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

namespace ibuild::test {

namespace {

using Json = nlohmann::json;

bool fits(const std::string& text, const char* pattern) {
  return std::regex_match(text, std::regex(pattern));
}

constexpr const char* kId = "SPDXRef-[a-zA-Z0-9.-]+";
constexpr const char* kLicenseId = "LicenseRef-[a-zA-Z0-9.-]+";
constexpr const char* kUri = "[a-z][a-z0-9+.-]*://[^ #]+";
constexpr const char* kAgent = "(Person|Organization): .+|NOASSERTION";

class Check {
 public:
  std::vector<std::string> run(const Json& document) {
    check_document(document);
    for (const auto& package : list(document, "packages")) check_package(package);
    for (const auto& license : list(document, "hasExtractedLicensingInfos")) {
      const auto id = must(license, "licenseId", kLicenseId);
      if (!explained_.insert(id).second) report("two explanations of " + id);
      must(license, "extractedText", "[^]+");
    }
    for (const auto& id : named_) {
      if (explained_.count(id) == 0) report("nobody explains " + id);
    }
    check_relationships(document);
    return mistakes_;
  }

 private:
  void report(const std::string& mistake) { mistakes_.push_back(mistake); }

  static Json list(const Json& json, const char* name) { return json.value(name, Json::array()); }

  std::string must(const Json& json, const char* name, const char* pattern) {
    if (!json.contains(name) || !json.at(name).is_string()) {
      report(std::string(name) + " is missing");
      return {};
    }
    const auto text = json.at(name).get<std::string>();
    if (!fits(text, pattern)) report(std::string(name) + ": " + text);
    return text;
  }
  void may(const Json& json, const char* name, const char* pattern) {
    if (json.contains(name)) must(json, name, pattern);
  }

  void check_id(const std::string& id) {
    if (!ids_.insert(id).second) report("two elements " + id);
  }

  void check_document(const Json& document) {
    must(document, "spdxVersion", "SPDX-2\\.3");
    must(document, "dataLicense", "CC0-1\\.0");
    check_id(must(document, "SPDXID", "SPDXRef-DOCUMENT"));
    must(document, "name", ".+");
    must(document, "documentNamespace", kUri);
    const auto info = document.value("creationInfo", Json::object());
    must(info, "created", "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ");
    const auto creators = list(info, "creators");
    if (creators.empty()) report("nobody made it");
    for (const auto& creator : creators) {
      if (!fits(creator.get<std::string>(), "(Person|Organization|Tool): .+"))
        report("creator " + creator.get<std::string>());
    }
  }

  void check_package(const Json& package) {
    check_id(must(package, "SPDXID", kId));
    must(package, "name", "[^]+");
    must(package, "downloadLocation", "NOASSERTION|NONE|[a-z][a-z+]*:.+");
    may(package, "versionInfo", "[^]+");
    may(package, "supplier", kAgent);
    may(package, "homepage", "NOASSERTION|NONE|https?://[^ ]+");
    if (!package.contains("filesAnalyzed") || package.at("filesAnalyzed") != false)
      report("files are not listed, so filesAnalyzed has to be false");
    for (const char* name : {"licenseConcluded", "licenseDeclared"}) check_license(package, name);
    for (const auto& reference : list(package, "externalRefs")) {
      must(reference, "referenceCategory", "PACKAGE-MANAGER");
      must(reference, "referenceType", "purl");
      must(reference, "referenceLocator", "pkg:[a-z]+/[^ ]+");
    }
  }

  /// Ids, operators and parentheses that pair.
  void check_license(const Json& package, const char* name) {
    const auto text =
        must(package, name, "\\(*[a-zA-Z0-9.+-]+\\)*( (AND|OR|WITH) \\(*[a-zA-Z0-9.+-]+\\)*)*");
    const auto open = std::count(text.begin(), text.end(), '(');
    if (open != std::count(text.begin(), text.end(), ')')) report("parentheses: " + text);
    const std::regex own(kLicenseId);
    for (auto at = std::sregex_iterator(text.begin(), text.end(), own);
         at != std::sregex_iterator(); ++at)
      named_.insert(at->str());
  }

  void check_relationships(const Json& document) {
    bool describes = false;
    std::set<std::string> contained;
    for (const auto& one : list(document, "relationships")) {
      const auto from = must(one, "spdxElementId", kId);
      const auto to = must(one, "relatedSpdxElement", kId);
      const auto type = must(one, "relationshipType", "DESCRIBES|CONTAINS");
      for (const auto& id : {from, to}) {
        if (ids_.count(id) == 0) report("a relationship with " + id + ", which is not there");
      }
      describes = describes || (type == "DESCRIBES" && from == "SPDXRef-DOCUMENT");
      contained.insert(to);
    }
    if (!describes) report("the document describes nothing");
    for (const auto& id : ids_) {
      if (id != "SPDXRef-DOCUMENT" && contained.count(id) == 0) report(id + " is in nothing");
    }
  }

  std::vector<std::string> mistakes_;
  std::set<std::string> ids_;
  std::set<std::string> explained_;
  std::set<std::string> named_;
};

}  // namespace

std::vector<std::string> spdx_mistakes(const std::string& json) {
  return Check().run(Json::parse(json));
}

}  // namespace ibuild::test
