"""LLVM's text of what a processor has no instruction for: rests and floored quotients, as Python computes them."""

from __future__ import annotations

from typing import Final

from pipeline.native import clibrary

FLOAT_REST: Final = """
  %rest = frem double %a, %b
  %some = fcmp une double %rest, 0.0
  %below = fcmp olt double %rest, 0.0
  %b_below = fcmp olt double %b, 0.0
  %apart = xor i1 %below, %b_below
  %turned = and i1 %some, %apart
  %moved = fadd double %rest, %b
  %zero = call double @llvm.copysign.f64(double 0.0, double %b)
  %left = select i1 %some, double %rest, double %zero
  %result = select i1 %turned, double %moved, double %left
"""
DECLARED: Final = "\n".join(
    f"declare double @{clibrary.symbol(name)}({operands}) memory(none) nounwind willreturn speculatable"
    for names, operands in ((clibrary.ONE_OPERAND, "double"), (clibrary.TWO_OPERANDS, "double, double"))
    for name in names
)
FUNCTIONS: Final = f"""
{DECLARED}
declare double @llvm.sqrt.f64(double)
declare double @llvm.fabs.f64(double)
declare double @llvm.copysign.f64(double, double)
declare double @llvm.floor.f64(double)
declare double @llvm.ceil.f64(double)
declare double @llvm.trunc.f64(double)
declare double @llvm.rint.f64(double)
declare i64 @llvm.abs.i64(i64, i1)
declare i64 @llvm.cttz.i64(i64, i1)
define internal double @float_rest(double %a, double %b) {{{FLOAT_REST}  ret double %result
}}
define internal double @float_floored(double %a, double %b) {{{FLOAT_REST}  %whole = fsub double %a, %rest
  %quotient = fdiv double %whole, %b
  %less = fsub double %quotient, 1.0
  %exact = select i1 %turned, double %less, double %quotient
  %nothing = fcmp oeq double %exact, 0.0
  %ratio = fdiv double %a, %b
  %signed = call double @llvm.copysign.f64(double 0.0, double %ratio)
  %floor = call double @llvm.floor.f64(double %exact)
  %over = fsub double %exact, %floor
  %far = fcmp ogt double %over, 0.5
  %next = fadd double %floor, 1.0
  %near = select i1 %far, double %next, double %floor
  %floored = select i1 %nothing, double %signed, double %near
  ret double %floored
}}
define internal i64 @rest(i64 %a, i64 %b) alwaysinline {{
  %rest = srem i64 %a, %b
  %some = icmp ne i64 %rest, 0
  %signs = xor i64 %rest, %b
  %apart = icmp slt i64 %signs, 0
  %turned = and i1 %some, %apart
  %moved = add i64 %rest, %b
  %result = select i1 %turned, i64 %moved, i64 %rest
  ret i64 %result
}}
define internal i64 @floored(i64 %a, i64 %b) alwaysinline {{
  %quotient = sdiv i64 %a, %b
  %whole = mul i64 %quotient, %b
  %rest = sub i64 %a, %whole
  %some = icmp ne i64 %rest, 0
  %signs = xor i64 %rest, %b
  %apart = icmp slt i64 %signs, 0
  %turned = and i1 %some, %apart
  %less = sub i64 %quotient, 1
  %result = select i1 %turned, i64 %less, i64 %quotient
  ret i64 %result
}}
"""
