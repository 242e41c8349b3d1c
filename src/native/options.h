#pragma once

namespace hypermorph {

// Whether suitable convolutions use Winograd's algorithm (faster; rounding differs from the direct sum by a few units).
// Default: yes.
bool isWinogradAllowed() noexcept;
void allowWinograd(bool allowed) noexcept;

}  // namespace hypermorph
