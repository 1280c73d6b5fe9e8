#include "builder/sbom/debian_copyright.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/text.h"
#include "builder/sbom/field_stanzas.h"
#include "builder/sbom/license.h"

namespace ibuild::builder {

namespace {

constexpr std::size_t kMaxLicenses = 40;
constexpr std::size_t kMaxWords = 60;  // of one field

/// Of exceptions that have one meaning, given the licence before.
std::string_view exception_id(std::string_view name, std::string_view license) {
  using Row = std::array<std::string_view, 2>;
  constexpr std::array<Row, 4> kExceptions = {{{"bison", "Bison-exception-2.2"},
                                               {"classpath", "Classpath-exception-2.0"},
                                               {"font", "Font-exception-2.0"},
                                               {"libtool", "Libtool-exception"}}};
  if (base::iequals(name, "autoconf")) {
    if (license.starts_with("GPL-2")) return "Autoconf-exception-2.0";
    if (license.starts_with("GPL-3")) return "Autoconf-exception-3.0";
  }
  const auto* const found =
      std::find_if(kExceptions.begin(), kExceptions.end(),
                   [&](const Row& row) { return base::iequals(row[0], name); });
  return found == kExceptions.end() || !license.starts_with("GPL") ? std::string_view()
                                                                   : (*found)[1];
}

std::string_view license_id(std::string_view word) {
  using Row = std::array<std::string_view, 2>;
  // What SPDX calls otherwise.
  constexpr std::array<Row, 10> kNames = {{{"Artistic-2", "Artistic-2.0"},
                                           {"CC0", "CC0-1.0"},
                                           {"CC-BY-3", "CC-BY-3.0"},
                                           {"CC-BY-SA-3", "CC-BY-SA-3.0"},
                                           {"GFDL-1.2", "GFDL-1.2-only"},
                                           {"GFDL-1.2+", "GFDL-1.2-or-later"},
                                           {"GFDL-1.3", "GFDL-1.3-only"},
                                           {"GFDL-1.3+", "GFDL-1.3-or-later"},
                                           {"LGPL-2.0", "LGPL-2.0-only"},
                                           {"PSF-2", "PSF-2.0"}}};
  for (const auto& [name, id] : kNames) {
    if (base::iequals(name, word)) return id;
  }
  return spdx_license_id(word);
}

/// "A or B, and C with X exception": "and" binds more tightly than "or"; after a comma all before
/// it stands together.
class NameParser {
 public:
  explicit NameParser(std::string_view text) {
    std::string spaced;
    for (const char c : text) spaced += c == ',' ? std::string(" , ") : std::string(1, c);
    for (const auto word : base::split(spaced, ' ')) {
      if (!word.empty()) words_.emplace_back(word);
    }
  }

  std::optional<std::string> parse() {
    if (words_.empty() || words_.size() > kMaxWords) return std::nullopt;
    auto text = any_of();
    while (text && take(",")) {
      const bool is_and = take("and");
      if (!is_and && !take("or")) return std::nullopt;
      const auto more = any_of();
      if (!more) return std::nullopt;
      text = "(" + *text + ")" + (is_and ? " AND " : " OR ") + "(" + *more + ")";
    }
    return at_ == words_.size() ? text : std::nullopt;
  }

 private:
  bool take(std::string_view word) {
    if (at_ == words_.size() || !base::iequals(words_[at_], word)) return false;
    ++at_;
    return true;
  }
  std::optional<std::string> any_of() {
    auto text = all_of();
    while (text && take("or")) {
      const auto more = all_of();
      text = more ? std::optional(*text + " OR " + *more) : std::nullopt;
    }
    return text;
  }
  std::optional<std::string> all_of() {
    auto text = one();
    while (text && take("and")) {
      const auto more = one();
      text = more ? std::optional(*text + " AND " + *more) : std::nullopt;
    }
    return text;
  }
  std::optional<std::string> one() {
    if (at_ == words_.size()) return std::nullopt;
    const auto id = license_id(words_[at_++]);
    if (id.empty()) return std::nullopt;
    if (!take("with")) return std::string(id);
    if (at_ + 1 >= words_.size()) return std::nullopt;
    const auto exception = exception_id(words_[at_++], id);
    if (exception.empty() || !take("exception")) return std::nullopt;
    return std::string(id) + " WITH " + std::string(exception);
  }

  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

}  // namespace

std::string license_of_copyright(std::string_view text) {
  std::set<std::string> licenses;
  bool is_clear = true;
  bool is_first = true;
  for_each_stanza(text, {"format", "files", "license"}, [&](const Fields& fields) {
    if (std::exchange(is_first, false)) {
      is_clear = field(fields, "format").find("copyright-format/1") != std::string::npos;
      return;
    }
    if (!is_clear || field(fields, "files").empty()) return;  // a licence's text
    const auto& license = field(fields, "license");
    const auto parsed = NameParser(license.substr(0, license.find('\n'))).parse();
    if (parsed) licenses.insert(*parsed);
    is_clear = parsed && licenses.size() <= kMaxLicenses;
  });
  if (!is_clear) return {};
  std::vector<std::string> parts;
  for (const auto& license : licenses) {
    const bool is_choice = licenses.size() > 1 && license.find(" OR ") != std::string::npos;
    parts.push_back(is_choice ? "(" + license + ")" : license);
  }
  return base::join(parts, " AND ");
}

}  // namespace ibuild::builder
