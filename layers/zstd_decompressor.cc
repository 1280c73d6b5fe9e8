// zstd (RFC 8878) through libzstd.
#include "layers/zstd_decompressor.h"

#include <zstd.h>

#include <new>
#include <vector>

#include "base/error.h"

namespace ibuild::layers {

namespace {

// 128 MiB, the most that zstd(1) takes without being told: a frame names the memory that its reader
// needs.
constexpr int kMaxWindowLog = 27;

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdDecompressor : public base::ByteSource {
 public:
  explicit ZstdDecompressor(base::ByteSource& from)
      : from_(from), context_(ZSTD_createDCtx()), input_(ZSTD_DStreamInSize()) {
    if (!context_) throw std::bad_alloc();
    checked(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kMaxWindowLog));
  }

  std::size_t read(std::span<std::byte> buffer) override {
    if (buffer.empty()) return 0;
    for (;;) {
      if (in_.pos == in_.size && !has_output_left_ && !refill()) {
        if (is_between_frames_) return 0;
        throw base::ContentError("zstd: the data ends in the middle");
      }
      ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
      is_between_frames_ = checked(ZSTD_decompressStream(context_.get(), &out, &in_)) == 0;
      has_output_left_ = !is_between_frames_ && out.pos == out.size;
      if (out.pos > 0) return out.pos;
    }
  }

 private:
  static std::size_t checked(std::size_t result) {
    if (ZSTD_isError(result) == 0) return result;
    throw base::ContentError(std::string("zstd: ") + ZSTD_getErrorName(result));
  }

  /// False at the end of the input.
  bool refill() {
    const std::size_t count = from_.read(input_);
    in_ = {input_.data(), count, 0};
    return count > 0;
  }

  base::ByteSource& from_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  std::vector<std::byte> input_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool has_output_left_ = false;    // the last buffer was filled: there may be more in libzstd
  bool is_between_frames_ = false;  // an empty input is no zstd
};

}  // namespace

std::unique_ptr<base::ByteSource> make_zstd_decompressor(base::ByteSource& from) {
  return std::make_unique<ZstdDecompressor>(from);
}

}  // namespace ibuild::layers
