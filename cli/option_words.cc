// See: https://pkg.go.dev/github.com/spf13/pflag#readme-command-line-flag-syntax
#include "cli/option_words.h"

#include <string_view>

#include "base/error.h"

namespace ibuild::cli {

namespace {

class Rewriter {
 public:
  Rewriter(std::span<const std::string> words, const FindOption& find)
      : words_(words), find_(find) {}

  std::vector<std::string> run(Operands operands) {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_];
      const bool is_option = word.size() > 1 && word.front() == '-';
      if (word == "--" || (!is_option && operands == Operands::last)) break;
      ++at_;
      if (word.starts_with("--"))
        take_long(word);
      else if (is_option)
        take_short(word);
      else
        plain_.push_back(word);
    }
    plain_.insert(plain_.end(), words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
    return std::move(plain_);
  }

 private:
  void take_long(const std::string& word) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto option = find_(name);
    if (!option || equals == std::string::npos) {
      plain_.push_back(word);
      if (option && option->takes_value) take_next();
    } else if (equals + 1 < word.size()) {
      plain_.push_back(word);
    } else if (option->takes_value) {
      plain_.insert(plain_.end(), {name, ""});
    } else {
      throw base::UsageError(name + "= has no value: write true or false, or leave the = out");
    }
  }

  /// One or several options in one word: -t, -qt, -tNAME, -t=NAME, -q=false.
  void take_short(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const auto option = find_(std::string("-") + word[i]);
      if (!option) break;  // for the library to complain of
      const std::string_view rest = std::string_view(word).substr(i + 1);
      const bool has_assignment = rest.size() > 1 && rest.front() == '=';
      if (has_assignment && !option->takes_value && !option->long_name.empty()) {
        if (i > 1) plain_.push_back(word.substr(0, i));
        plain_.push_back(option->long_name + std::string(rest));
        return;
      }
      if (!option->takes_value) continue;
      plain_.push_back(word.substr(0, i + 1) + std::string(rest.substr(has_assignment ? 1 : 0)));
      if (rest.empty()) take_next();
      return;
    }
    plain_.push_back(word);
  }

  void take_next() {
    if (at_ < words_.size()) plain_.push_back(words_[at_++]);
  }

  std::span<const std::string> words_;
  const FindOption& find_;
  std::size_t at_ = 0;
  std::vector<std::string> plain_;
};

}  // namespace

std::vector<std::string> plain_option_words(std::span<const std::string> words,
                                            const FindOption& find, Operands operands) {
  return Rewriter(words, find).run(operands);
}

}  // namespace ibuild::cli
