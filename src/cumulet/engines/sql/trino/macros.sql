-- What DuckDB has no function for, in its own words. Loaded once into every connection.

-- (a / b) on integers, rounded half away from zero.
CREATE MACRO cumulet_quotient(a, b) AS
  (abs(a) // abs(b) + CASE WHEN 2 * (abs(a) % abs(b)) >= abs(b) THEN 1 ELSE 0 END)
  * CASE WHEN (a < 0) <> (b < 0) THEN -1 ELSE 1 END;

-- An unscaled integer as the text of a decimal with so many digits behind the point.
CREATE MACRO cumulet_decimal(n, scale) AS
  CASE WHEN n < 0 THEN '-' ELSE '' END
  || left(lpad(CAST(abs(n) AS VARCHAR), CAST(greatest(scale + 1, length(CAST(abs(n) AS VARCHAR))) AS INTEGER), '0'),
          CAST(greatest(scale + 1, length(CAST(abs(n) AS VARCHAR))) AS INTEGER) - scale)
  || '.' || right(lpad(CAST(abs(n) AS VARCHAR), CAST(greatest(scale + 1, length(CAST(abs(n) AS VARCHAR))) AS INTEGER), '0'), scale);

-- A number's shortest text (DuckDB's) as Java writes it: 1.0E10, 1.5E-5.
CREATE MACRO cumulet_mantissa_digits(s) AS
  ltrim(replace(regexp_replace(regexp_extract(s, '^-?([0-9.]+)', 1), '\.0$', ''), '.', ''), '0');
CREATE MACRO cumulet_exponent(s) AS
  CAST(coalesce(nullif(regexp_extract(s, 'e[+]?(-?[0-9]+)$', 1), ''), '0') AS INTEGER)
  + CASE WHEN regexp_matches(s, '^-?0\.')
         THEN -1 - length(regexp_extract(s, '^-?0\.(0*)', 1))
         ELSE length(regexp_extract(s, '^-?([0-9]+)', 1)) - 1 END;
CREATE MACRO cumulet_scientific(s) AS
  CASE WHEN starts_with(s, '-') THEN '-' ELSE '' END
  || left(cumulet_mantissa_digits(s), 1) || '.'
  || coalesce(nullif(rtrim(substr(cumulet_mantissa_digits(s), 2), '0'), ''), '0')
  || 'E' || CAST(cumulet_exponent(s) AS VARCHAR);
CREATE MACRO cumulet_floating(x, s) AS
  CASE WHEN isnan(x) THEN 'NaN'
       WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
       WHEN x = 0 THEN CASE WHEN signbit(x) THEN '-0.0' ELSE '0.0' END
       WHEN abs(x) >= 0.001 AND abs(x) < 10000000 THEN CAST(x AS VARCHAR)
       ELSE cumulet_scientific(s) END;
CREATE MACRO cumulet_double(x) AS cumulet_floating(x, CAST(x AS VARCHAR));
-- A real's shortest digits: the fewest that read back as the same number.
CREATE MACRO cumulet_real_digits(x) AS
  CASE WHEN CAST(format('{:.0e}', x) AS FLOAT) = x THEN format('{:.0e}', x)
       WHEN CAST(format('{:.1e}', x) AS FLOAT) = x THEN format('{:.1e}', x)
       WHEN CAST(format('{:.2e}', x) AS FLOAT) = x THEN format('{:.2e}', x)
       WHEN CAST(format('{:.3e}', x) AS FLOAT) = x THEN format('{:.3e}', x)
       WHEN CAST(format('{:.4e}', x) AS FLOAT) = x THEN format('{:.4e}', x)
       WHEN CAST(format('{:.5e}', x) AS FLOAT) = x THEN format('{:.5e}', x)
       WHEN CAST(format('{:.6e}', x) AS FLOAT) = x THEN format('{:.6e}', x)
       WHEN CAST(format('{:.7e}', x) AS FLOAT) = x THEN format('{:.7e}', x)
       ELSE format('{:.8e}', x) END;
CREATE MACRO cumulet_real(x) AS cumulet_floating(x, cumulet_real_digits(x));

-- An interval of days to seconds: 2 03:04:05.678
CREATE MACRO cumulet_days(i) AS
  CASE WHEN epoch_us(TIMESTAMP '1970-01-01' + i) < 0 THEN '-' ELSE '' END
  || CAST(abs(epoch_us(TIMESTAMP '1970-01-01' + i)) // 86400000000 AS VARCHAR) || ' '
  || strftime(make_timestamp(abs(epoch_us(TIMESTAMP '1970-01-01' + i)) % 86400000000), '%H:%M:%S.%g');
CREATE MACRO cumulet_months(i) AS
  CASE WHEN date_part('year', i) * 12 + date_part('month', i) < 0 THEN '-' ELSE '' END
  || CAST(abs(date_part('year', i) * 12 + date_part('month', i)) // 12 AS VARCHAR) || '-'
  || CAST(abs(date_part('year', i) * 12 + date_part('month', i)) % 12 AS VARCHAR);

-- Integers as bits: 2 to a power, and a number read without or with a sign in so many bits.
CREATE MACRO cumulet_power(n) AS CAST(1 AS HUGEINT) << CAST(n AS HUGEINT);
CREATE MACRO cumulet_unsigned(n, bits) AS
  ((CAST(n AS HUGEINT) % cumulet_power(bits)) + cumulet_power(bits)) % cumulet_power(bits);
CREATE MACRO cumulet_signed(n, bits) AS
  cumulet_unsigned(CAST(n AS HUGEINT) + cumulet_power(bits - 1), bits) - cumulet_power(bits - 1);
