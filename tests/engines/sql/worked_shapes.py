"""Shapes: what Trino gives, reckoned by hand from its documentation."""

from __future__ import annotations

EXAMPLES: list[tuple[str, str | None]] = [
    ("ST_AsText(ST_Point(1, 2.5))", "POINT (1 2.5)"),
    ("ST_Point(-158.54, 61.56)", "POINT (-158.54 61.56)"),
    ("ST_Contains(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'), ST_Point(1, 1))", "true"),
    ("ST_Contains(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'), ST_Point(9, 1))", "false"),
    ("ST_Within(ST_Point(1, 1), ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))", "true"),
    (
        (
            "ST_Intersects(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'), "
            "ST_GeometryFromText('LINESTRING (1 1, 9 9)'))"
        ),
        "true",
    ),
    ("ST_Disjoint(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'), ST_Point(9, 9))", "true"),
    ("ST_Touches(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'), ST_Point(4, 2))", "true"),
    (
        (
            "ST_Crosses(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'), "
            "ST_LineFromText('LINESTRING (1 1, 9 9)'))"
        ),
        "true",
    ),
    (
        (
            "ST_Overlaps(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'), ST_Polygon('POLYGON "
            "((2 2, 6 2, 6 6, 2 6, 2 2))'))"
        ),
        "true",
    ),
    (
        (
            "ST_Equals(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'), "
            "ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))"
        ),
        "true",
    ),
    (
        "ST_Relate(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'), ST_Point(1, 1), 'T********')",
        "true",
    ),
    ("ST_Area(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))", "16.0"),
    ("ST_Length(ST_GeometryFromText('LINESTRING (0 0, 3 4)'))", "5.0"),
    ("ST_Distance(ST_Point(0, 0), ST_Point(3, 4))", "5.0"),
    ("ST_AsText(ST_Centroid(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))')))", "POINT (2 2)"),
    ("great_circle_distance(36.12, -86.67, 33.94, -118.40)", "2886.4489734367016"),
    (
        (
            "round(ST_Distance(to_spherical_geography(ST_Point(-86.67, 36.12)), "
            "to_spherical_geography(ST_Point(-118.40, 33.94))), 4)"
        ),
        "2886448.9734",
    ),
    ("ST_X(ST_Point(1.5, 2))", "1.5"),
    ("ST_Y(ST_Point(1.5, 2))", "2.0"),
    ("ST_X(ST_GeometryFromText('POINT EMPTY'))", None),
    ("ST_XMin(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))", "0.0"),
    ("ST_XMax(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))", "4.0"),
    ("ST_YMin(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))", "0.0"),
    ("ST_YMax(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))", "4.0"),
    ("ST_GeometryType(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))", "ST_Polygon"),
    ("ST_Dimension(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))", "2"),
    ("ST_CoordDim(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))", "2"),
    ("ST_NumPoints(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))", "5"),
    ("ST_IsEmpty(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))", "false"),
    ("ST_IsValid(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))", "true"),
    ("ST_IsSimple(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))", "true"),
    ("ST_IsClosed(ST_GeometryFromText('LINESTRING (0 0, 1 1, 0 1, 0 0)'))", "true"),
    ("ST_IsRing(ST_GeometryFromText('LINESTRING (0 0, 1 1, 0 1, 0 0)'))", "true"),
    ("ST_AsText(ST_StartPoint(ST_GeometryFromText('LINESTRING (8 4, 4 8, 5 6)')))", "POINT (8 4)"),
    ("ST_AsText(ST_EndPoint(ST_GeometryFromText('LINESTRING (8 4, 4 8, 5 6)')))", "POINT (5 6)"),
    ("ST_AsText(ST_PointN(ST_GeometryFromText('LINESTRING (1 2, 3 4, 5 6)'), 2))", "POINT (3 4)"),
    ("ST_PointN(ST_GeometryFromText('LINESTRING (1 2, 3 4)'), 9)", None),
    ("ST_NumGeometries(ST_GeometryFromText('MULTIPOINT (1 2, 2 4, 3 6)'))", "3"),
    ("ST_AsText(ST_GeometryN(ST_GeometryFromText('MULTIPOINT (1 2, 2 4)'), 2))", "POINT (2 4)"),
    ("ST_AsText(ST_GeometryFromText('MULTIPOINT (1 2, 2 4)'))", "MULTIPOINT ((1 2), (2 4))"),
    (
        "ST_AsText(ST_ExteriorRing(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))')))",
        "LINESTRING (0 0, 4 0, 4 4, 0 4, 0 0)",
    ),
    (
        (
            "ST_NumInteriorRing(ST_GeometryFromText('POLYGON ((0 0, 5 0, 5 5, 0 5, 0 0), (1 1, 1 2, 2 2, 2 "
            "1, 1 1))'))"
        ),
        "1",
    ),
    (
        (
            "ST_AsText(ST_InteriorRingN(ST_GeometryFromText('POLYGON ((0 0, 5 0, 5 5, 0 5, 0 0), (1 1, 1 2, "
            "2 2, 2 1, 1 1))'), 1))"
        ),
        "LINESTRING (1 1, 1 2, 2 2, 2 1, 1 1)",
    ),
    (
        (
            "cardinality(ST_InteriorRings(ST_GeometryFromText('POLYGON ((0 0, 5 0, 5 5, 0 5, 0 0), (1 1, 1 "
            "2, 2 2, 2 1, 1 1))')))"
        ),
        "1",
    ),
    (
        (
            "ST_Area(ST_Intersection(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'), "
            "ST_Polygon('POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))')))"
        ),
        "4.0",
    ),
    (
        (
            "ST_Area(ST_Union(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'), "
            "ST_Polygon('POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))')))"
        ),
        "28.0",
    ),
    (
        (
            "ST_Area(ST_Difference(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'), "
            "ST_Polygon('POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))')))"
        ),
        "12.0",
    ),
    (
        (
            "ST_Area(ST_SymDifference(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'), "
            "ST_Polygon('POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))')))"
        ),
        "24.0",
    ),
    ("ST_Area(ST_Envelope(ST_GeometryFromText('LINESTRING (1 1, 4 3)')))", "6.0"),
    (
        "transform(ST_EnvelopeAsPts(ST_GeometryFromText('LINESTRING (1 1, 4 3)')), p -> ST_AsText(p))",
        "[POINT (1 1), POINT (4 3)]",
    ),
    ("ST_Area(ST_ConvexHull(ST_GeometryFromText('MULTIPOINT (0 0, 4 0, 4 4, 0 4, 2 2)')))", "16.0"),
    ("ST_Length(ST_Boundary(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))')))", "16.0"),
    ("ST_AsText(ST_LineString(ARRAY[ST_Point(1, 2), ST_Point(3, 4)]))", "LINESTRING (1 2, 3 4)"),
    ("ST_AsText(ST_MultiPoint(ARRAY[ST_Point(1, 2), ST_Point(3, 4)]))", "MULTIPOINT ((1 2), (3 4))"),
    ("transform(ST_Points(ST_GeometryFromText('LINESTRING (1 2, 3 4)')), p -> ST_X(p))", "[1.0, 3.0]"),
    ("cardinality(ST_Geometries(ST_GeometryFromText('MULTIPOINT (1 2, 2 4)')))", "2"),
    ("ST_AsText(ST_GeomFromBinary(ST_AsBinary(ST_Point(1, 2))))", "POINT (1 2)"),
    (
        (
            "ST_Area(geometry_union_agg(g)) FROM (VALUES ST_Polygon('POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))'), "
            "ST_Polygon('POLYGON ((1 0, 2 0, 2 1, 1 1, 1 0))')) t(g)"
        ),
        "2.0",
    ),
    ("ST_Area(convex_hull_agg(g)) FROM (VALUES ST_Point(0, 0), ST_Point(2, 0), ST_Point(0, 2)) t(g)", "2.0"),
    ("ST_AsText(geometry_union(ARRAY[ST_Point(1, 2), ST_Point(1, 2)]))", "POINT (1 2)"),
    ("line_locate_point(ST_GeometryFromText('LINESTRING (0 0, 0 4)'), ST_Point(1, 1))", "0.25"),
    ("ST_AsText(line_interpolate_point(ST_GeometryFromText('LINESTRING (0 0, 0 4)'), 0.5))", "POINT (0 2)"),
    ("ST_AsText(to_geometry(to_spherical_geography(ST_Point(1, 2))))", "POINT (1 2)"),
    ("typeof(ST_Point(1, 2))", "geometry"),
    ("ST_NumPoints(ST_Buffer(ST_Point(0, 0), 1))", "97"),
    ("round(ST_Area(ST_Buffer(ST_Point(0, 0), 1)), 3)", "3.139"),  # 48 * sin(2 * pi / 96)
    ("ST_AsText(ST_Polygon('polygon ((1 1, 1 4, 4 4, 4 1))'))", "POLYGON ((1 1, 4 1, 4 4, 1 4, 1 1))"),
    ("ST_Area(ST_GeometryFromText('MULTIPOLYGON (((0 0, 0 2, 2 2, 2 0)), ((3 3, 3 4, 4 4, 4 3)))'))", "5.0"),
    ("ST_GeometryType(ST_GeometryFromText('GEOMETRYCOLLECTION (POINT (1 2))'))", "ST_GeomCollection"),
    ("ST_AsText(ST_Envelope(ST_GeometryFromText('LINESTRING EMPTY')))", "POLYGON EMPTY"),
    ("ST_AsText(ST_Boundary(ST_Point(1, 2)))", "MULTIPOINT EMPTY"),
    ("ST_InteriorRings(ST_GeometryFromText('POLYGON EMPTY'))", None),
]
FAILURES: list[tuple[str, str]] = [
    (
        "ST_Area(ST_GeometryFromText('POLYGON ((2 2, 2 6, 6 6, 6))'))",
        "INVALID_FUNCTION_ARGUMENT: Invalid WKT",
    ),
    (
        "ST_Length(ST_GeometryFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))'))",
        (
            "INVALID_FUNCTION_ARGUMENT: ST_Length only applies to LINE_STRING or MULTI_LINE_STRING. Input "
            "type is: POLYGON"
        ),
    ),
    (
        "to_spherical_geography(ST_Point(1, 200))",
        "INVALID_FUNCTION_ARGUMENT: Latitude must be between -90 and 90",
    ),
    ("ST_Point(1, 2) = ST_Point(1, 2)", "TYPE_MISMATCH"),
    ("ST_Buffer(ST_Point(1, 2), -1)", "INVALID_FUNCTION_ARGUMENT: distance is negative"),
    (
        "ST_LineString(ARRAY[ST_Point(1, 2), NULL])",
        "INVALID_FUNCTION_ARGUMENT: Invalid input to ST_LineString: null point at index 2",
    ),
    (
        "ST_LineString(ARRAY[ST_Point(1, 2), ST_Point(1, 2)])",
        "INVALID_FUNCTION_ARGUMENT: Invalid input to ST_LineString: consecutive duplicate points at index 2",
    ),
]
QUERIES: list[tuple[str, list[str], list[list[str | None]]]] = [
    (
        (
            "SELECT c.name, count(*) FROM (VALUES ('a', ST_Polygon('POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))')), "
            "('b', ST_Polygon('POLYGON ((5 5, 7 5, 7 7, 5 7, 5 5))'))) c(name, g) JOIN (VALUES (1.0, 1.0), "
            "(6.0, 6.0), (6.5, 5.5)) p(x, y) ON ST_Contains(c.g, ST_Point(p.x, p.y)) GROUP BY 1 ORDER BY 1"
        ),
        [],
        [["a", "1"], ["b", "2"]],
    ),
]
