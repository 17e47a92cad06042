"""When and how much to summarise: intervals, planners, layout, budget. Arithmetic only: numpy, no torch, no files."""

from videoxl.compression.budget import Budget, Geometry, VisionGeometry, budget, fitting_ratio, plan_budget
from videoxl.compression.dynamic import DynamicPlanner
from videoxl.compression.interval import Interval
from videoxl.compression.layout import Layout, Rule
from videoxl.compression.plan import check_plan, fixed_plan, plan_from_json, plan_to_json
from videoxl.compression.planner import FixedPlanner, Planner, RandomPlanner
from videoxl.compression.size import ByteSize

__all__ = [
    "Budget",
    "ByteSize",
    "DynamicPlanner",
    "FixedPlanner",
    "Geometry",
    "Interval",
    "Layout",
    "Planner",
    "RandomPlanner",
    "Rule",
    "VisionGeometry",
    "budget",
    "check_plan",
    "fitting_ratio",
    "fixed_plan",
    "plan_budget",
    "plan_from_json",
    "plan_to_json",
]
