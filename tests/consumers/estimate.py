"""The same from Python."""
import speedup

estimate = speedup.Scenario("train: {model: llama-2-7b, system: dgx-h100, accelerators: 64, sequence: 4096, global_batch: 512,"
                            " optimizations: [bf16-mixed-precision, flash-attention-2, zero-1]}").estimate()
print("%.4f s, %.3f GB" % (estimate["step_seconds"], estimate["memory_peak"] / 1e9))
