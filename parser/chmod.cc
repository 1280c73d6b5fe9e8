// See: POSIX XCU chmod, and setmode(3) of the BSDs for what POSIX leaves open.
#include "parser/chmod.h"

#include <charconv>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::parser {

namespace {

constexpr std::uint32_t kSetUid = 04000;
constexpr std::uint32_t kSetGid = 02000;
constexpr std::uint32_t kSticky = 01000;
constexpr std::uint32_t kUser = 0700;
constexpr std::uint32_t kGroup = 0070;
constexpr std::uint32_t kOther = 0007;
constexpr std::uint32_t kEverybody = kSetUid | kSetGid | kUser | kGroup | kOther;
constexpr std::uint32_t kAll = 07777;

}  // namespace

/// Reads clauses of the form [ugoa]*([-+=][rwxXstugo]*)+ into commands.
class FileMode::Parser {
 public:
  Parser(std::string_view text, std::vector<Command>& commands)
      : whole_(text), rest_(text), commands_(commands) {}

  void run() {
    for (;;) {
      parse_clause();
      if (rest_.empty()) return;
      rest_.remove_prefix(1);  // the comma
    }
  }

 private:
  [[noreturn]] void fail() const {
    throw base::UsageError(
        "invalid chmod parameter: '" + base::printable(whole_) +
        "'. it should be octal string and between 0 and 07777, or symbolic as in u=rwX,go=rX");
  }

  void parse_clause() {
    who_ = 0;
    for (; !rest_.empty(); rest_.remove_prefix(1)) {
      const char c = rest_.front();
      if (c == 'a')
        who_ |= kEverybody;
      else if (c == 'u')
        who_ |= kSetUid | kUser;
      else if (c == 'g')
        who_ |= kSetGid | kGroup;
      else if (c == 'o')
        who_ |= kOther;
      else
        break;
    }
    do {
      parse_action();
    } while (!rest_.empty() && rest_.front() != ',');
  }

  void parse_action() {
    if (rest_.empty()) fail();
    operation_ = rest_.front();
    rest_.remove_prefix(1);
    if (operation_ != '+' && operation_ != '-' && operation_ != '=') fail();
    who_ &= ~kSticky;
    has_assigned_ = false;
    bits_ = 0;
    execute_bits_ = 0;
    while (!rest_.empty() && parse_permission(rest_.front())) rest_.remove_prefix(1);
    if (bits_ != 0 || (operation_ == '=' && !has_assigned_)) add_bits();
    add_execute_bits();
  }

  bool parse_permission(char c) {
    const bool is_for_owners = who_ == 0 || (who_ & ~kOther) != 0;
    switch (c) {
      case 'r':
        bits_ |= 0444;
        return true;
      case 'w':
        bits_ |= 0222;
        return true;
      case 'x':
        bits_ |= 0111;
        return true;
      case 'X':
        (operation_ == '-' ? bits_ : execute_bits_) |= 0111;
        return true;
      case 's':
        if (is_for_owners) bits_ |= kSetUid | kSetGid;
        return true;
      case 't':
        if (is_for_owners) {
          who_ |= kSticky;
          bits_ |= kSticky;
        }
        return true;
      case 'u':
        add_copy(6);
        return true;
      case 'g':
        add_copy(3);
        return true;
      case 'o':
        add_copy(0);
        return true;
      default:
        return false;
    }
  }

  std::uint32_t masked(std::uint32_t bits) const { return who_ == 0 ? bits : who_ & bits; }

  void add_bits() {
    if (operation_ == '=') {
      commands_.push_back({Kind::remove, who_ == 0 ? kEverybody : who_});
      has_assigned_ = true;
    }
    commands_.push_back({operation_ == '-' ? Kind::remove : Kind::add, masked(bits_)});
    bits_ = 0;
  }

  void add_execute_bits() {
    if (execute_bits_ != 0) commands_.push_back({Kind::execute, masked(execute_bits_)});
    execute_bits_ = 0;
  }

  void add_copy(unsigned shift) {
    if (bits_ != 0) add_bits();
    if (operation_ == '=') has_assigned_ = true;
    add_execute_bits();
    const std::uint32_t classes = who_ == 0 ? kEverybody : who_;
    commands_.push_back({Kind::copy, classes & (kUser | kGroup | kOther), shift, operation_});
  }

  std::string_view whole_;
  std::string_view rest_;
  std::vector<Command>& commands_;
  std::uint32_t who_ = 0;  // 0: nobody named, so everybody
  char operation_ = '=';
  std::uint32_t bits_ = 0;
  std::uint32_t execute_bits_ = 0;
  bool has_assigned_ = false;
};

FileMode FileMode::parse(std::string_view text) {
  FileMode mode;
  std::uint32_t octal = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, octal, 8);
  if (error == std::errc() && stop == end && octal <= kAll) {
    mode.commands_ = {{Kind::remove, kAll}, {Kind::add, octal}};
    return mode;
  }
  Parser(text, mode.commands_).run();
  return mode;
}

/// Spreads the three bits of one class over those named.
std::uint32_t FileMode::copy_class(std::uint32_t mode, const Command& command) {
  const std::uint32_t value = (mode >> command.shift) & 7;
  const std::uint32_t spread = (value << 6 | value << 3 | value) & command.bits;
  if (command.operation == '+') return mode | spread;
  if (command.operation == '-') return mode & ~spread;
  return (mode & ~command.bits) | spread;
}

std::uint32_t FileMode::apply(std::uint32_t mode, bool is_dir) const {
  std::uint32_t result = mode & kAll;
  const bool can_execute = is_dir || (mode & 0111) != 0;
  for (const Command& command : commands_) {
    switch (command.kind) {
      case Kind::add:
        result |= command.bits;
        break;
      case Kind::remove:
        result &= ~command.bits;
        break;
      case Kind::execute:
        if (can_execute) result |= command.bits;
        break;
      case Kind::copy:
        result = copy_class(result, command);
        break;
    }
  }
  return result;
}

}  // namespace ibuild::parser
