#include "builder/sbom/file_window.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/error.h"

namespace ibuild::builder {

namespace {

constexpr std::uint64_t kPieceBytes = 256 << 10;
constexpr std::size_t kMaxPieces = 16;

}  // namespace

FileWindow::FileWindow(Opener open, std::uint64_t size_bytes)
    : open_(std::move(open)), size_bytes_(size_bytes) {}

std::string FileWindow::read(std::uint64_t offset, std::uint64_t size) {
  if (offset > size_bytes_ || size > size_bytes_ - offset)
    throw base::ContentError("it ends in the middle");
  std::string bytes;
  while (bytes.size() < size) {
    const auto at = offset + bytes.size();
    const std::string& from = piece(at / kPieceBytes);
    const auto skipped = at % kPieceBytes;
    if (skipped >= from.size()) throw base::ContentError("it ends in the middle");
    bytes.append(from, skipped, size - bytes.size());
  }
  return bytes;
}

const std::string& FileWindow::piece(std::uint64_t number) {
  if (const auto found = pieces_.find(number); found != pieces_.end()) return found->second;
  if (pieces_.size() == kMaxPieces) pieces_.clear();
  const auto begin = number * kPieceBytes;
  const auto source = open_(begin);
  std::string bytes(std::min(kPieceBytes, size_bytes_ - begin), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto room = std::as_writable_bytes(std::span(bytes)).subspan(filled);
    const auto count = source->read(room);
    if (count == 0) break;
    filled += count;
  }
  bytes.resize(filled);
  return pieces_.emplace(number, std::move(bytes)).first->second;
}

}  // namespace ibuild::builder
