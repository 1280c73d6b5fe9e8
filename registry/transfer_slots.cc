#include "registry/transfer_slots.h"

namespace ibuild::registry {

TransferSlots::Hold::~Hold() {
  const std::scoped_lock lock(slots_.mutex_);
  --(slots_.*counter_);
}

std::unique_ptr<TransferSlots::Hold> TransferSlots::take() {
  const std::scoped_lock lock(mutex_);
  ++downloads_;
  return std::make_unique<Hold>(*this, &TransferSlots::downloads_);
}

std::unique_ptr<TransferSlots::Hold> TransferSlots::try_take_further() {
  const std::scoped_lock lock(mutex_);
  if (further_ >= kMaxFurther || downloads_ + further_ >= max_streams_) return nullptr;
  ++further_;
  return std::make_unique<Hold>(*this, &TransferSlots::further_);
}

}  // namespace ibuild::registry
