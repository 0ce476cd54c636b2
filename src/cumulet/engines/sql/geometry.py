"""Shapes by Shapely (the extra `geo`), which is imported when the first one is met. A shape is held as WKB.

https://trino.io/docs/current/functions/geospatial.html
"""

from __future__ import annotations

import importlib
import itertools
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from cumulet.engines.sql.refusing import bad, refusal

RING = re.compile(r"\(([^()]+)\)")
EARTH = 6371.01  # km, Trino's
LINES = ("LineString", "MultiLineString")
SPELT = {"Point": "POINT", "LineString": "LINE_STRING", "Polygon": "POLYGON", "MultiPoint": "MULTI_POINT",
         "MultiLineString": "MULTI_LINE_STRING", "MultiPolygon": "MULTI_POLYGON"}  # fmt: skip


@lru_cache(1)
def shapely() -> Any:
    try:
        return importlib.import_module("shapely")
    except ImportError:
        message = "geospatial functions need the extra geo: pip install cumulet[geo]"
        raise refusal("NOT_SUPPORTED", message) from None


@lru_cache(1024)
def shape(content: bytes) -> Any:
    """The same shape is asked about many points: it is read once, and prepared for that."""
    found = shapely().from_wkb(content)
    shapely().prepare(found)
    return found


def wkb(made: Any) -> bytes | None:
    """A polygon's outer ring goes against the clock, as Trino turns it."""
    return None if made is None else bytes(shapely().to_wkb(shapely().orient_polygons(made)))


def from_text(text: str) -> bytes | None:
    for given in (text, closed(text)):
        try:
            return wkb(shapely().from_wkt(given))
        except shapely().errors.ShapelyError:
            continue
    raise bad(f"Invalid WKT: {text}")


def closed(text: str) -> str:
    """A polygon's ring may be written without its last corner, which is the first one."""

    def ring(found: re.Match[str]) -> str:
        corners = [each.split() for each in found[1].split(",")]
        return found[0] if corners[0] == corners[-1] else f"({found[1]}, {' '.join(corners[0])})"

    return RING.sub(ring, text) if text.strip().upper().startswith(("POLYGON", "MULTIPOLYGON")) else text


def from_text_of(kind: str, function: str) -> Callable[[str], bytes | None]:
    def read(text: str) -> bytes | None:
        found = from_text(text)
        if found is not None:
            only(function, shape(found), kind)
        return found

    return read


def only(function: str, given: Any, *kinds: str) -> Any:
    if given.geom_type not in kinds:
        wanted = " or ".join(SPELT[kind] for kind in kinds)
        found = SPELT.get(given.geom_type, given.geom_type)
        raise bad(f"{function} only applies to {wanted}. Input type is: {found}")
    return given


def from_binary(content: bytes) -> bytes | None:
    try:
        return wkb(shapely().from_wkb(content))
    except shapely().errors.ShapelyError:
        raise bad("Invalid WKB") from None


def as_text(content: bytes) -> str:
    return str(shapely().to_wkt(shape(content), rounding_precision=17, trim=True))


def point(x: float, y: float) -> bytes | None:
    if not math.isfinite(x) or not math.isfinite(y):
        raise bad("Point coordinates must be finite")
    return wkb(shapely().Point(x, y))


def asked(name: str) -> Callable[[bytes, bytes], bool]:
    return lambda one, other: bool(getattr(shape(one), name)(shape(other)))


def joined(name: str) -> Callable[[bytes, bytes], bytes | None]:
    return lambda one, other: wkb(getattr(shape(one), name)(shape(other)))


def coordinate(name: str) -> Callable[[bytes], float | None]:
    def read(content: bytes) -> float | None:
        found = only(f"ST_{name.upper()}", shape(content), "Point")
        return None if found.is_empty else float(getattr(found, name))

    return read


def bound(at: int) -> Callable[[bytes], float | None]:
    def read(content: bytes) -> float | None:
        found = shape(content)
        return None if found.is_empty else float(found.bounds[at])

    return read


def distance(one: bytes, other: bytes) -> float | None:
    a, b = shape(one), shape(other)
    return None if a.is_empty or b.is_empty else float(a.distance(b))


def length(content: bytes) -> float:
    return float(only("ST_Length", shape(content), *LINES).length)


def geometry_type(content: bytes) -> str:
    found = str(shape(content).geom_type)
    return "ST_GeomCollection" if found == "GeometryCollection" else f"ST_{found}"


def part(content: bytes, at: int) -> bytes | None:
    """The n-th part; a shape that is no collection is its own first part."""
    found = getattr(shape(content), "geoms", None)
    if found is None:
        return content if at == 1 else None
    return wkb(found[at - 1]) if 1 <= at <= len(found) else None


def parts(content: bytes) -> list[bytes | None] | None:
    found = shape(content)
    return None if found.is_empty else [wkb(each) for each in getattr(found, "geoms", [found])]


def point_at(content: bytes, at: int) -> bytes | None:
    line = only("ST_PointN", shape(content), "LineString")
    return wkb(shapely().Point(line.coords[at - 1])) if 1 <= at <= len(line.coords) else None


def end_of(at: int, function: str) -> Callable[[bytes], bytes | None]:
    def read(content: bytes) -> bytes | None:
        line = only(function, shape(content), "LineString")
        return None if line.is_empty else wkb(shapely().Point(line.coords[at]))

    return read


def points(content: bytes) -> list[bytes | None] | None:
    found = shapely().get_coordinates(shape(content))
    return [wkb(shapely().Point(each)) for each in found] or None


def ring(content: bytes) -> bytes | None:
    found = only("ST_ExteriorRing", shape(content), "Polygon")
    return None if found.is_empty else wkb(shapely().LineString(found.exterior.coords))


def holes(content: bytes) -> list[bytes | None] | None:
    found = only("ST_InteriorRings", shape(content), "Polygon")
    return None if found.is_empty else [wkb(shapely().LineString(each.coords)) for each in found.interiors]


def hole(content: bytes, at: int) -> bytes | None:
    found = holes(content) or []
    return found[at - 1] if 1 <= at <= len(found) else None


def is_closed(content: bytes) -> bool:
    return bool(only("ST_IsClosed", shape(content), *LINES).is_closed)


def is_ring(content: bytes) -> bool:
    return bool(only("ST_IsRing", shape(content), "LineString").is_ring)


def corners(content: bytes) -> list[bytes | None] | None:
    found = shape(content)
    if found.is_empty:
        return None
    west, south, east, north = found.bounds
    return [point(west, south), point(east, north)]


def spots(contents: list[bytes | None], function: str) -> list[Any]:
    """The points of a list, each of which must be one."""
    found = []
    for at, content in enumerate(contents, 1):
        if content is None:
            raise bad(f"Invalid input to {function}: null point at index {at}")
        found.append(only(function, shape(content), "Point"))
        if found[-1].is_empty:
            raise bad(f"Invalid input to {function}: empty point at index {at}")
    return found


def line_through(contents: list[bytes | None]) -> bytes | None:
    ends = spots(contents, "ST_LineString")
    for at, (one, other) in enumerate(itertools.pairwise(ends), 2):
        if one.equals(other):
            raise bad(f"Invalid input to ST_LineString: consecutive duplicate points at index {at}")
    return wkb(shapely().LineString(ends if len(ends) > 1 else []))


def many_points(contents: list[bytes | None]) -> bytes | None:
    ends = spots(contents, "ST_MultiPoint")
    return wkb(shapely().MultiPoint(ends)) if ends else None


def buffered(content: bytes, away: float) -> bytes | None:
    """All that is at most so far away; an arc has 24 pieces a quarter, as Trino's."""
    if math.isnan(away):
        raise bad("distance is NaN")
    if away < 0:
        raise bad("distance is negative")
    if not away or shape(content).is_empty:
        return content
    if math.isinf(away):
        return wkb(shapely().MultiPolygon())
    return wkb(shape(content).buffer(away, quad_segs=24))


def outline(content: bytes) -> bytes | None:
    """What has no outline has an empty one, of points."""
    found = shape(content).boundary
    return wkb(shapely().MultiPoint() if found.geom_type == "GeometryCollection" else found)


def box(content: bytes) -> bytes | None:
    return wkb(shapely().Polygon() if shape(content).is_empty else shape(content).envelope)


def united(contents: list[bytes]) -> bytes | None:
    return wkb(shapely().union_all([shape(each) for each in contents])) if contents else None


def hull_of(contents: list[bytes]) -> bytes | None:
    known = [shape(each) for each in contents]
    return wkb(shapely().GeometryCollection(known).convex_hull) if known else None


def locate(line: bytes, spot: bytes) -> float | None:
    only("line_locate_point", shape(line), *LINES)
    if shape(line).is_empty or shape(spot).is_empty:
        return None
    return float(shape(line).project(only("line_locate_point", shape(spot), "Point"), normalized=True))


def interpolate(line: bytes, share: float) -> bytes | None:
    if not 0 <= share <= 1:
        raise bad(f"fraction must be between 0 and 1, but is {share}")
    found = only("line_interpolate_point", shape(line), "LineString")
    return None if found.is_empty else wkb(found.interpolate(share, normalized=True))


def great_circle(latitude1: float, longitude1: float, latitude2: float, longitude2: float) -> float:
    """Kilometres, on a sphere."""
    for latitude, longitude in ((latitude1, longitude1), (latitude2, longitude2)):
        if not -90 <= latitude <= 90:
            raise bad("Latitude must be between -90 and 90")
        if not -180 <= longitude <= 180:
            raise bad("Longitude must be between -180 and 180")
    a, b = math.radians(latitude1), math.radians(latitude2)
    away = math.radians(longitude1) - math.radians(longitude2)
    t1 = math.cos(b) * math.sin(away)
    t2 = math.cos(a) * math.sin(b) - math.sin(a) * math.cos(b) * math.cos(away)
    t3 = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(away)
    return math.atan2(math.sqrt(t1 * t1 + t2 * t2), t3) * EARTH


def spherical(content: bytes) -> bytes:
    for longitude, latitude in shapely().get_coordinates(shape(content)):
        if not -90 <= latitude <= 90:
            raise bad("Latitude must be between -90 and 90")
        if not -180 <= longitude <= 180:
            raise bad("Longitude must be between -180 and 180")
    return content


def spherical_distance(one: bytes, other: bytes) -> float | None:
    """Metres between two points."""
    a, b = (
        only("When applied to SphericalGeography inputs, ST_Distance", shape(g), "Point")
        for g in (one, other)
    )
    return None if a.is_empty or b.is_empty else 1000 * great_circle(a.y, a.x, b.y, b.x)


G, S, A = "geometry", "sphericalgeography", "array(geometry)"
GEOMETRY: dict[str, list[tuple[Callable[..., Any], list[str], str]]] = {
    "st_point": [(point, ["double", "double"], G)],
    "st_geometryfromtext": [(from_text, ["varchar"], G)],
    "st_linefromtext": [(from_text_of("LineString", "ST_LineFromText"), ["varchar"], G)],
    "st_polygon": [(from_text_of("Polygon", "ST_Polygon"), ["varchar"], G)],
    "st_geomfrombinary": [(from_binary, ["varbinary"], G)],
    "st_linestring": [(line_through, [A], G)],
    "st_multipoint": [(many_points, [A], G)],
    "st_astext": [(as_text, [G], "varchar")],
    "st_asbinary": [(lambda content: content, [G], "varbinary")],
    **{
        f"st_{name}": [(asked(name), [G, G], "boolean")]
        for name in (
            "contains",
            "crosses",
            "disjoint",
            "equals",
            "intersects",
            "overlaps",
            "touches",
            "within",
        )
    },
    "st_relate": [(lambda a, b, p: bool(shape(a).relate_pattern(shape(b), p)), [G, G, "varchar"], "boolean")],
    **{f"st_{name}": [(joined(name), [G, G], G)] for name in ("difference", "intersection", "union")},
    "st_symdifference": [(joined("symmetric_difference"), [G, G], G)],
    "st_boundary": [(outline, [G], G)],
    "st_buffer": [(buffered, [G, "double"], G)],
    "st_envelope": [(box, [G], G)],
    "st_envelopeaspts": [(corners, [G], A)],
    "st_exteriorring": [(ring, [G], G)],
    "st_interiorrings": [(holes, [G], A)],
    "st_interiorringn": [(hole, [G, "integer"], G)],
    "st_numinteriorring": [(lambda content: len(holes(content) or ()), [G], "bigint")],
    "st_convexhull": [(lambda content: wkb(shape(content).convex_hull), [G], G)],
    "st_centroid": [(lambda content: wkb(shape(content).centroid), [G], G)],
    "st_area": [(lambda content: float(shape(content).area), [G], "double")],
    "st_length": [(length, [G], "double")],
    "st_distance": [(distance, [G, G], "double"), (spherical_distance, [S, S], "double")],
    "st_coorddim": [(lambda content: 2, [G], "tinyint")],
    "st_dimension": [(lambda content: int(shapely().get_dimensions(shape(content))), [G], "tinyint")],
    "st_geometrytype": [(geometry_type, [G], "varchar")],
    "st_geometryn": [(part, [G, "integer"], G)],
    "st_geometries": [(parts, [G], A)],
    "st_numgeometries": [(lambda content: int(shapely().get_num_geometries(shape(content))), [G], "integer")],
    "st_numpoints": [(lambda content: int(shapely().get_num_coordinates(shape(content))), [G], "bigint")],
    "st_pointn": [(point_at, [G, "integer"], G)],
    "st_points": [(points, [G], A)],
    "st_startpoint": [(end_of(0, "ST_StartPoint"), [G], G)],
    "st_endpoint": [(end_of(-1, "ST_EndPoint"), [G], G)],
    "st_isclosed": [(is_closed, [G], "boolean")],
    "st_isempty": [(lambda content: bool(shape(content).is_empty), [G], "boolean")],
    "st_isring": [(is_ring, [G], "boolean")],
    "st_issimple": [(lambda content: bool(shape(content).is_simple), [G], "boolean")],
    "st_isvalid": [(lambda content: bool(shape(content).is_valid), [G], "boolean")],
    "st_x": [(coordinate("x"), [G], "double")],
    "st_y": [(coordinate("y"), [G], "double")],
    **{
        f"st_{name}": [(bound(at), [G], "double")] for at, name in enumerate(("xmin", "ymin", "xmax", "ymax"))
    },
    "geometry_union": [(united, [A], G)],
    "line_locate_point": [(locate, [G, G], "double")],
    "line_interpolate_point": [(interpolate, [G, "double"], G)],
    "great_circle_distance": [(great_circle, ["double"] * 4, "double")],
    "to_spherical_geography": [(spherical, [G], S)],
    "to_geometry": [(lambda content: content, [S], G)],
}
AGGREGATED = {"geometry_union_agg": united, "convex_hull_agg": hull_of}
DUCK = {G: "BLOB", S: "BLOB", A: "BLOB[]", "varchar": "VARCHAR", "varbinary": "BLOB", "double": "DOUBLE",
        "integer": "INTEGER", "bigint": "BIGINT", "tinyint": "INTEGER", "boolean": "BOOLEAN"}  # fmt: skip
SHAPES: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    f"{name}_{number}": (function, [DUCK[each] for each in parameters], DUCK[result])
    for name, forms in GEOMETRY.items()
    for number, (function, parameters, result) in enumerate(forms)
} | {name: (function, ["BLOB[]"], "BLOB") for name, function in AGGREGATED.items()}
