#include "layers/zip_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <exception>
#include <new>
#include <utility>
#include <vector>

#include "base/error.h"

namespace ibuild::layers {

namespace {

constexpr std::size_t kInputBytes = 128 << 10;
constexpr std::size_t kSkipBytes = 64 << 10;

struct FreeArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

}  // namespace

struct ZipReader::State : base::ByteSource {
  State(base::ByteSource& in, InflateBudget& limit)
      : from(in), budget(limit), input(kInputBytes), reader(archive_read_new()) {
    if (!reader) throw std::bad_alloc();
    archive_read_support_format_zip_streamable(reader.get());
    archive_read_support_format_empty(reader.get());
    check(archive_read_open(reader.get(), this, nullptr, &State::give_input, nullptr));
  }

  std::size_t read(std::span<std::byte> buffer) override {
    if (buffer.empty()) return 0;
    const la_ssize_t count = archive_read_data(reader.get(), buffer.data(), buffer.size());
    if (count < 0) fail();  // a wrong checksum is a warning there
    const auto size = static_cast<std::size_t>(count);
    if (size > budget.left_bytes) {
      budget.left_bytes = 0;
      throw base::ContentError("the zip inflates to too much");
    }
    budget.left_bytes -= size;
    return size;
  }

  /// libarchive would inflate it as well where the length stands behind it, and count nothing.
  void skip() {
    if (entry == nullptr) return;
    std::vector<std::byte> buffer(kSkipBytes);
    while (read(buffer) > 0) continue;
  }

  /// A C callback: nothing may be thrown through libarchive.
  static la_ssize_t give_input(archive* /*reader*/, void* self, const void** buffer) {
    auto& state = *static_cast<State*>(self);
    try {
      *buffer = state.input.data();
      return static_cast<la_ssize_t>(state.from.read(state.input));
    } catch (...) {
      state.thrown = std::current_exception();
      return -1;
    }
  }

  void check(int result) {
    if (result < ARCHIVE_WARN || thrown) fail();
  }
  [[noreturn]] void fail() {
    if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
    const char* words = archive_error_string(reader.get());
    throw base::ContentError(std::string("zip: ") + (words != nullptr ? words : "broken data"));
  }

  base::ByteSource& from;
  InflateBudget& budget;
  std::vector<std::byte> input;
  std::exception_ptr thrown;
  std::unique_ptr<archive, FreeArchive> reader;
  archive_entry* entry = nullptr;  // of `reader`
};

ZipReader::ZipReader(base::ByteSource& in, InflateBudget& budget)
    : state_(std::make_unique<State>(in, budget)) {}

ZipReader::~ZipReader() = default;

std::optional<std::string> ZipReader::next() {
  state_->skip();
  state_->entry = nullptr;
  archive_entry* entry = nullptr;
  const int result = archive_read_next_header(state_->reader.get(), &entry);
  if (result == ARCHIVE_EOF) return std::nullopt;
  state_->check(result);
  state_->entry = entry;
  // Without a locale only ASCII can be had in the first way.
  const char* name = archive_entry_pathname(entry);
  if (name == nullptr) name = archive_entry_pathname_utf8(entry);
  return name == nullptr ? std::string() : std::string(name);
}

base::ByteSource& ZipReader::data() { return *state_; }

}  // namespace ibuild::layers
