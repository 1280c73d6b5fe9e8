#include "builder/remote/blob_copier.h"

#include <memory>
#include <string>
#include <utility>

#include "builder/remote/blob_pipe.h"

namespace ibuild::remote {

void BlobCopier::count(registry::UploadOutcome outcome) {
  switch (outcome) {
    case registry::UploadOutcome::uploaded:
      ++sent_;
      break;
    case registry::UploadOutcome::mounted:
      ++mounted_;
      break;
    case registry::UploadOutcome::already_there:
      ++there_already_;
      break;
  }
}

void BlobCopier::copy(const image::Descriptor& blob, const image::Reference& from,
                      const image::Reference& to, std::stop_token stop) {
  const auto open = [&]() -> std::unique_ptr<base::ByteSource> {
    return std::make_unique<BlobPipe>(client_, from, blob, stop);
  };
  const auto observer = [&](std::uint64_t done, std::uint64_t total) {
    events_.emit(builder::event::TransferProgress{
        .id = vertex_, .what = short_name(blob.digest), .done_bytes = done, .total_bytes = total});
  };
  const std::string mount = from.domain == to.domain ? from.path : "";
  count(client_.push_blob(to, blob, open, mount, observer, stop));
}

CopyResult BlobCopier::result(image::Descriptor copied) const {
  return {.copied = std::move(copied),
          .sent = sent_,
          .mounted = mounted_,
          .there_already = there_already_};
}

}  // namespace ibuild::remote
