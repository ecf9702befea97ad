/** The questions to DuckDB. Values are bound, never put into the text. Amounts are DECIMAL, so that sums are exact. */

export const loadSales = `
  create table sales as
  select date, amount, category, label, date_trunc('week', date)::date as week
  from read_json($path, format = 'newline_delimited',
    columns = { date: 'DATE', amount: 'DECIMAL(18, 4)', category: 'VARCHAR', label: 'VARCHAR' })`;

const totals = 'coalesce(sum(amount), 0)::double as total, count(amount)::integer as count, coalesce(avg(amount), 0)::double as average';

export const allTime = `
  select ${totals}, min(date)::varchar as "from", max(date)::varchar as "to", max(week)::varchar as last_week from sales`;

export const span = `
  select ${totals} from sales where week between $from::date and $to::date`;

/** Weeks without a sale are there, with nothing in them. The trend and the change reach back before the first week that is shown. */
export const weekly = `
  with weeks as (select unnest(generate_series($before::date, $to::date, interval 7 day))::date as week),
  filled as (select weeks.week, ${totals} from weeks left join sales on sales.week = weeks.week group by weeks.week)
  select * from (
    select week::varchar as week, total, count, average,
      (total - lag(total) over by_week) / nullif(abs(lag(total) over by_week), 0) as change,
      avg(total) over (order by week rows between 3 preceding and current row) as trend
    from filled window by_week as (order by week)
  ) where week >= $from order by week`;

/** All categories of the two spans, the biggest first. */
export const categories = `
  select category,
    coalesce(sum(amount) filter (week >= $from::date), 0)::double as total,
    (count(*) filter (week >= $from::date))::integer as count,
    coalesce(avg(amount) filter (week >= $from::date), 0)::double as average,
    coalesce(sum(amount) filter (week < $from::date), 0)::double as previous_total
  from sales where week between $before::date and $to::date
  group by category having count(*) filter (week >= $from::date) > 0
  order by total desc, category`;

export const heat = `
  select week::varchar as week, category, sum(amount)::double as total
  from sales where week between $from::date and $to::date
  group by all order by week, category`;

export const topItems = `
  select label, category, max(date)::varchar as date, sum(amount)::double as total
  from sales where week between $from::date and $to::date and label is not null
  group by label, category order by total desc, label limit $top`;
