#include "cli/csv.h"

#include "base/error.h"
#include "base/text.h"

namespace ibuild::cli {

namespace {

class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  std::vector<std::string> read() {
    std::vector<std::string> fields;
    do {
      fields.push_back(at('"') ? quoted() : plain());
    } while (take(','));
    return fields;
  }

 private:
  bool at(char c) const { return pos_ < text_.size() && text_[pos_] == c; }
  bool take(char c) {
    if (!at(c)) return false;
    ++pos_;
    return true;
  }

  std::string plain() {
    const auto end = std::min(text_.find(',', pos_), text_.size());
    std::string field(text_.substr(pos_, end - pos_));
    if (field.find('"') != std::string::npos)
      fail("a quote stands inside a field that is not quoted");
    pos_ = end;
    return field;
  }

  std::string quoted() {
    std::string field;
    ++pos_;
    while (true) {
      if (pos_ == text_.size()) fail("a quote is not closed");
      const char c = text_[pos_++];
      if (c != '"') {
        field += c;
      } else if (!take('"')) {
        break;
      } else {
        field += '"';
      }
    }
    if (pos_ < text_.size() && !at(',')) fail("text follows a closing quote");
    return field;
  }

  [[noreturn]] void fail(const char* why) const {
    throw base::UsageError("cannot read \"" + base::printable(text_) + "\": " + why);
  }

  std::string_view text_;
  std::size_t pos_ = 0;
};

}  // namespace

std::vector<std::string> parse_csv(std::string_view text) { return CsvReader(text).read(); }

std::map<std::string, std::string> parse_attributes(std::string_view text) {
  std::map<std::string, std::string> attributes;
  for (const auto& field : parse_csv(text)) {
    const auto equals = field.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw base::UsageError("\"" + base::printable(field) + "\" in \"" + base::printable(text) +
                             "\" should be key=value");
    }
    attributes[base::to_lower(base::trim(field.substr(0, equals)))] = field.substr(equals + 1);
  }
  return attributes;
}

}  // namespace ibuild::cli
