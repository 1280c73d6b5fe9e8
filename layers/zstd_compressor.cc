// One zstd frame (RFC 8878).
#include "layers/zstd_compressor.h"

#include <zstd.h>

#include <algorithm>
#include <new>
#include <vector>

#include "base/error.h"

namespace ibuild::layers {

namespace {

// RFC 8878, 3.1.1.1.2: a frame for general use should not need more than a window of 8 MiB. Levels
// from 20 on would take more.
constexpr int kFirstWideLevel = 20;
constexpr int kMaxWindowLog = 23;

// How libzstd cuts the input for its threads. Part of the output's format, as is that there is at
// least one thread: the bytes depend on the cuts, never on the number of threads. The default would
// be four windows, which costs 8 MiB a thread and more for 0.4 % of size at the low levels.
constexpr int kLowLevels = 5;
constexpr int kJobBytesOfLowLevels = 4 << 20;
// With these the low levels stay under 45 MiB. Those from 6 to 9 take up to 150 MiB, those above
// 300 MiB.
constexpr std::size_t kMaxThreadsOfLowLevels = 2;
constexpr std::size_t kMaxThreads = 4;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

class ZstdCompressor : public Compressor {
 public:
  ZstdCompressor(int level, base::ByteSink& out, std::size_t threads)
      : out_(out), context_(ZSTD_createCCtx()), buffer_(ZSTD_CStreamOutSize()) {
    if (!context_) throw std::bad_alloc();
    const bool is_low = level <= kLowLevels;
    const auto workers = std::min(threads, is_low ? kMaxThreadsOfLowLevels : kMaxThreads);
    set(ZSTD_c_compressionLevel, level);
    if (level >= kFirstWideLevel) set(ZSTD_c_windowLog, kMaxWindowLog);
    set(ZSTD_c_checksumFlag, 1);
    set(ZSTD_c_nbWorkers, static_cast<int>(std::max<std::size_t>(workers, 1)));
    if (is_low) set(ZSTD_c_jobSize, kJobBytesOfLowLevels);
  }

  void write(base::Bytes bytes) override { run(bytes, ZSTD_e_continue); }
  void finish() override { run({}, ZSTD_e_end); }

 private:
  static std::size_t checked(std::size_t result) {
    if (ZSTD_isError(result) == 0) return result;
    throw base::Error(std::string("compress with zstd: ") + ZSTD_getErrorName(result));
  }
  void set(ZSTD_cParameter parameter, int value) {
    checked(ZSTD_CCtx_setParameter(context_.get(), parameter, value));
  }

  /// Continues until all input is taken, or until the frame is complete.
  void run(base::Bytes bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (bool done = directive == ZSTD_e_continue && bytes.empty(); !done;) {
      ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
      const auto left = checked(ZSTD_compressStream2(context_.get(), &out, &in, directive));
      if (out.pos > 0) out_.write(base::Bytes(buffer_).first(out.pos));
      done = directive == ZSTD_e_end ? left == 0 : in.pos == in.size;
    }
  }

  base::ByteSink& out_;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
  std::vector<std::byte> buffer_;
};

}  // namespace

std::unique_ptr<Compressor> make_zstd_compressor(int level, base::ByteSink& out,
                                                 base::ThreadPool& pool) {
  if (level < 1 || level > 22) {
    throw base::UsageError("zstd has the levels 1 to 22, not " + std::to_string(level));
  }
  return std::make_unique<ZstdCompressor>(level, out, pool.size());
}

}  // namespace ibuild::layers
