#include "sandbox/child/report.h"

#include "base/error.h"
#include "sandbox/launcher.h"
#include "sandbox/sandbox.h"
#include "sandbox/wire.h"

namespace ibuild::sandbox {

void report_error(const Channel& to, const std::exception& error, std::string_view phase) noexcept {
  try {
    const auto* known = dynamic_cast<const SandboxError*>(&error);
    WireWriter out;
    out.number(message::kError);
    out.text(known != nullptr ? known->phase() : phase);
    out.text(known != nullptr ? known->detail() : error.what());
    const auto* with_hint = dynamic_cast<const base::Error*>(&error);
    out.text(with_hint != nullptr ? with_hint->hint() : "");
    to.send(out.bytes());
  } catch (const std::exception&) {
    // The other end is gone, and with it whom this would interest.
  }
}

}  // namespace ibuild::sandbox
