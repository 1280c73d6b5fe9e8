#include "builder/cache_key.h"

namespace ibuild::builder {

void StepKey::add(std::string name, std::string value) {
  ingredients_.push_back({std::move(name), std::move(value)});
}

void StepKey::add_detail(std::string name, std::string value) {
  details_.push_back({std::move(name), std::move(value)});
}

base::Digest StepKey::digest() const {
  base::Sha256 hash;
  const auto put = [&](std::string_view text) {
    // With its length, so that no two lists of ingredients make the same bytes.
    hash.update(std::to_string(text.size()) + ":");
    hash.update(text);
  };
  put(kKeyVersion);
  for (const auto& ingredient : ingredients_) {
    put(ingredient.name);
    put(ingredient.value);
  }
  return hash.finish();
}

void StepKey::for_each_file(const TakeFile& take) const {
  if (tell_files_) tell_files_(take);
}

void StepKey::forget_details() {
  details_.clear();
  tell_files_ = nullptr;
}

}  // namespace ibuild::builder
